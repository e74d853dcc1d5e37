// The tensors are made by make_modules.py.

#include "base/error.hpp"
#include "suite/formats.hpp"
#include "support/catch.hpp"

using namespace bench;

namespace {

Suite suite_of(const std::string& items, const std::string& labels) {
  Suite suite;
  suite.name = "tiny";
  suite.classes = 3;
  suite.data.files = TensorFiles{MODULES_DIR "/" + items, MODULES_DIR "/" + labels};
  suite.data.profiling = {0, 0};
  suite.data.evaluation = {1, 2};
  return suite;
}

}  // namespace

TEST_CASE("a data set of tensors", "[torch]") {
  const auto data = open_dataset(suite_of("items.tensor", "integers.tensor"), 1);
  CHECK(data->size() == 3);
  const std::vector<std::size_t> items{2, 0};
  const Burst burst = data->burst(items, 0);
  CHECK(burst.shape == std::vector<std::size_t>{2, 2});
  CHECK(burst.labels == std::vector<std::uint32_t>{1, 0});
  CHECK(std::get<std::vector<float>>(burst.values) == std::vector{5.f, 6.f, 1.f, 2.f});
  CHECK(data->describe(2) == "item 2 of " MODULES_DIR "/items.tensor");
}

TEST_CASE("tensors that do not fit", "[torch]") {
  const std::string folder = MODULES_DIR "/";
  CHECK_THROWS_WITH(
      open_dataset(suite_of("floats.tensor", "integers.tensor"), 1),
      folder + "integers.tensor: has 3 labels, but " + folder + "floats.tensor has 2 items");
  CHECK_THROWS_WITH(open_dataset(suite_of("items.tensor", "floats.tensor"), 1),
                    folder + "floats.tensor: labels must be a tensor of int64 with 1 dimension");
  Suite suite = suite_of("items.tensor", "integers.tensor");
  suite.classes = 2;
  CHECK_THROWS_WITH(open_dataset(suite, 1),
                    folder + "integers.tensor: label of item 1 is 2, but the suite has 2 classes");
}
