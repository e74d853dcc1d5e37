#include "trace/simulate.hpp"

#include <catch2/catch.hpp>
