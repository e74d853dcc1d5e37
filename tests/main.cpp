#define CATCH_CONFIG_RUNNER  // for version 2
#include "contention/spec.hpp"
#include "support/catch.hpp"

int main(int argc, char** argv) {
  // CoRunners starts the program that it is in.
  if (bench::is_workload_command(argc, argv)) bench::run_workload_command(argc, argv);
  return Catch::Session().run(argc, argv);
}
