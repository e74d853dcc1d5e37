#include "results/profile_file.hpp"

#include "base/error.hpp"
#include "support/catch.hpp"
#include "support/profiles.hpp"
#include "support/temporary_folder.hpp"

using namespace bench;
using nlohmann::json;

namespace {

ProfileFile hand_made() {
  ProfileFile file{"image", EnergySource::emulated, test::hand_made_profile(), {}, {}};
  for (auto& model : file.profile.models) {
    auto spread = model.latency_s;
    for (auto& row : spread)
      for (double& value : row) value /= 16;
    model.latency_std_s = spread;
    file.catch_up_s.push_back(spread);
  }
  return file;
}

ProfileFile read(const json& document) {
  const test::TemporaryFolder folder;
  return read_profile(folder.write("p.json", document.dump()));
}

std::string error_with(const std::string& pointer, const json& value) {
  json document = to_json(hand_made());
  document[json::json_pointer(pointer)] = value;
  try {
    read(document);
  } catch (const InputError& error) {
    const std::string text = error.what();
    return text.substr(text.find("p.json: ") + 8);
  }
  return "no error";
}

}  // namespace

TEST_CASE("a profile is read as it was written") {
  for (const bool spreads : {true, false}) {
    ProfileFile written = hand_made();
    if (!spreads) {
      for (auto& model : written.profile.models) model.latency_std_s.clear();
      written.catch_up_s.clear();
    }
    const ProfileFile file = read(to_json(written));
    CHECK(file.suite == "image");
    CHECK(file.energy_source == EnergySource::emulated);
    CHECK(file.catch_up_s == written.catch_up_s);
    CHECK(file.profile.q_fail == written.profile.q_fail);
    CHECK(file.profile.power_caps_w == written.profile.power_caps_w);
    CHECK(file.profile.idle_power_w == written.profile.idle_power_w);
    REQUIRE(file.profile.models.size() == 3);
    for (std::size_t i = 0; i < 3; ++i) {
      const auto &model = file.profile.models[i], &expected = written.profile.models[i];
      CHECK(model.name == expected.name);
      CHECK(model.kind == expected.kind);
      CHECK(model.accuracy == expected.accuracy);
      CHECK(model.latency_s == expected.latency_s);
      CHECK(model.latency_std_s == expected.latency_std_s);
      CHECK(model.busy_power_w == expected.busy_power_w);
    }
  }
}

TEST_CASE("a profile tells where the energy of several inferences was taken together") {
  ProfileFile written = hand_made();
  CHECK_FALSE(to_json(written)["models"][0].contains("energy_inferences"));
  written.energy_inferences = {{4, 2, 1}, {1, 1, 1}, {1, 1, 1}};
  const json document = to_json(written);
  CHECK(document["models"][0]["energy_inferences"] == json({4, 2, 1}));
  CHECK_FALSE(document["models"][1].contains("energy_inferences"));
  CHECK(read(document).energy_inferences == written.energy_inferences);
  CHECK(error_with("/models/0/energy_inferences", {4, 2}) ==
        "/models/0/energy_inferences: must have a number for each cap");
}

TEST_CASE("a profile's fields are those of results/README.md") {
  ProfileFile file = hand_made();
  file.profile.models = {file.profile.models[test::small]};
  file.catch_up_s.resize(1);
  file.profile.models[0].latency_s[2][0] = 0.0100000000001;
  CHECK(to_json(file).dump() ==
        R"({"schema_version":1,"suite":"image","energy_source":"emulated","q_fail":0.1,)"
        R"("power_caps_w":[10.0,20.0,30.0],"idle_power_w":3.0,"models":[)"
        R"({"name":"small","kind":"traditional","accuracy":[0.7],)"
        R"("latency_s":[[0.02],[0.0125],[0.01]],)"
        R"("latency_std_s":[[0.00125],[0.00078125],[0.000625]],)"
        R"("catch_up_s":[[0.00125],[0.00078125],[0.000625]],)"
        R"("busy_power_w":[10.0,20.0,30.0]}]})");
}

TEST_CASE("a profile that is wrong is refused by its place") {
  CHECK(error_with("/schema_version", 2) ==
        "/schema_version: this program reads version 1, found 2");
  CHECK(error_with("/suite", nullptr) == R"(/: "suite" is missing)");
  CHECK(error_with("/energy_source", "guessed") ==
        R"(/energy_source: unknown energy source "guessed"; )"
        R"(allowed: "measured", "emulated", "simulated")");
  CHECK(error_with("/q_fail", 1.5) == "/q_fail: must lie in [0, 1], found 1.5");
  CHECK(error_with("/models/1/kind", "traditionl") ==
        R"(/models/1/kind: unknown model kind "traditionl" (did you mean "traditional"?); )"
        R"(allowed: "traditional", "anytime")");
  CHECK(error_with("/models/1/latency_s/0/0", "fast") ==
        R"(/models/1/latency_s/0/0: must be a number, found "fast")");
  // What alert::fault() says, by way of an example.
  CHECK(error_with("/power_caps_w", {10, 30, 20}) == "/: power caps do not ascend");
  CHECK(error_with("/models/2/latency_s/1", {0.03, 0.02, 0.06}) ==
        R"(/: model "any": stage latencies are cumulative and ascend)");
  CHECK(error_with("/models/1/latency_std_s", nullptr) ==
        "/: latency_std_s must stand at every model or at none");
  CHECK(error_with("/models/1/catch_up_s", nullptr) ==
        "/: catch_up_s must stand at every model or at none");
  CHECK(error_with("/models/2/latency_std_s/0", {0.1}) ==
        "/models/2/latency_std_s: must have the shape of latency_s");
  CHECK(error_with("/models/2/latency_std_s", json::array()) ==
        "/models/2/latency_std_s: must have the shape of latency_s");
}
