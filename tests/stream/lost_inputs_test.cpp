#include "stream/lost_inputs.hpp"

#include "support/catch.hpp"

using namespace bench;

TEST_CASE("a run that lost every input has no result") {
  LostInputs lost("record x / y");
  lost.add("first");
  lost.add("second");
  CHECK_NOTHROW(lost.report(3));
  CHECK_THROWS_WITH(lost.report(2), "record x / y: every input was lost; the first: first");
}
