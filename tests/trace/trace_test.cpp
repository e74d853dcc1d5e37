#include "trace/trace.hpp"

#include <algorithm>
#include <fstream>
#include <functional>
#include <iterator>
#include <sstream>

#include "base/error.hpp"
#include "support/catch.hpp"

using namespace bench;
namespace fs = std::filesystem;
using Catch::Matchers::Contains;
using nlohmann::json;

namespace {

/// A folder of its own for each test, which goes with it.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (fs::temp_directory_path() / "alert-bench-XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~TemporaryFolder() { fs::remove_all(path_); }
  fs::path operator/(const std::string& name) const { return path_ / name; }

 private:
  fs::path path_;
};

std::string read_bytes(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void write_bytes(const fs::path& file, const std::string& bytes) {
  std::ofstream(file, std::ios::binary) << bytes;
}

const TraceHeader header{"image",
                         "memory",
                         EnergySource::emulated,
                         {{"small", alert::ModelKind::traditional, {0.8}},
                          {"nested", alert::ModelKind::anytime, {0.7, 0.9}}},
                         {10.0, 22.5},
                         0.1};

/// Input `i` of a stream in groups of two; every number differs from every other.
TraceInput make_input(std::size_t i) {
  TraceInput input(2, 2);
  input.input = i;
  input.group = {i / 2, i % 2, 2};
  input.contention = i % 3 == 1;
  for (std::size_t model = 0; model < 2; ++model)
    for (std::size_t cap = 0; cap < 2; ++cap) {
      const auto x = static_cast<double>(1 + 4 * i + 2 * model + cap);
      TraceRun& run = input.run(model, cap);
      run = {{x / 1000}, {1.0 / 3.0}, x / 100, (4000 + x) / 1000, cap == 0 ? 1 : 4 + i};
      if (model == 1) {
        run.stage_latency_s.push_back(2 * x / 1000);
        run.stage_correct = {0.25, 0.75};
      }
    }
  return input;
}

void write_trace(const fs::path& file, std::size_t inputs) {
  TraceWriter writer(file, header);
  for (std::size_t i = 0; i < inputs; ++i) writer.write(make_input(i));
  writer.close();
}

bool equal(const TraceInput& a, const TraceInput& b) {
  for (std::size_t model = 0; model < 2; ++model)
    for (std::size_t cap = 0; cap < 2; ++cap) {
      const TraceRun &x = a.run(model, cap), &y = b.run(model, cap);
      if (x.stage_latency_s != y.stage_latency_s || x.stage_correct != y.stage_correct ||
          x.busy_energy_j != y.busy_energy_j || x.idle_power_w != y.idle_power_w ||
          x.energy_inferences != y.energy_inferences)
        return false;
    }
  return a.input == b.input && a.group == b.group && a.contention == b.contention;
}

/// The file holds inputs 0 to `inputs` - 1 and nothing else.
void check_trace(const fs::path& file, std::size_t inputs) {
  TraceReader reader(file);
  TraceInput input;
  for (std::size_t i = 0; i < inputs; ++i) {
    REQUIRE(reader.next(input));
    REQUIRE(equal(input, make_input(i)));
  }
  if (inputs % 2 == 0)
    CHECK_FALSE(reader.next(input));
  else
    CHECK_THROWS_AS(reader.next(input), InputError);  // half a group
}

/// Reads the whole file, for the error that this brings.
void read_all(const fs::path& file) {
  TraceReader reader(file);
  for (TraceInput input; reader.next(input);) {
  }
}

}  // namespace

TEST_CASE("a trace is read as it was written, plain and compressed") {
  const TemporaryFolder folder;
  for (const std::string name : {"t.jsonl", "t.jsonl.gz"}) {
    CAPTURE(name);
    const fs::path file = folder / name;
    write_trace(file, 6);
    CHECK(read_bytes(file).starts_with("\x1f\x8b") == name.ends_with(".gz"));

    const TraceHeader found = TraceReader(file).header();
    CHECK(found.suite == header.suite);
    CHECK(found.environment == header.environment);
    CHECK(found.energy_source == header.energy_source);
    CHECK(found.power_caps_w == header.power_caps_w);
    CHECK(found.q_fail == header.q_fail);
    REQUIRE(found.models.size() == 2);
    CHECK(found.models[1].name == "nested");
    CHECK(found.models[1].kind == alert::ModelKind::anytime);
    CHECK(found.models[1].accuracy == header.models[1].accuracy);
    check_trace(file, 6);
  }
}

TEST_CASE("a lost input is one line that says why") {
  const TemporaryFolder folder;
  const fs::path file = folder / "t.jsonl";
  TraceWriter writer(file, header);
  for (std::size_t i = 0; i < 4; ++i) {
    TraceInput input = make_input(i);
    if (i == 1) input.lost = "a.ogg: silent";
    writer.write(input);
  }
  writer.close();
  const std::string text = read_bytes(file);
  CHECK_THAT(text, Contains(R"({"input":1,"group":0,"group_position":1,"group_size":2,)"
                            R"("lost":"a.ogg: silent","contention":true})"));
  CHECK(std::ranges::count(text, '\n') == 1 + 4 + 1 + 4 + 4);

  TraceReader reader(file);
  TraceInput input;
  for (std::size_t i = 0; i < 4; ++i) {
    REQUIRE(reader.next(input));
    CHECK(input.input == i);
    CHECK(input.lost == (i == 1 ? "a.ogg: silent" : ""));
    CHECK(input.group == make_input(i).group);
  }
  CHECK_FALSE(reader.next(input));
}

TEST_CASE("the lines are those of results/README.md") {
  const TemporaryFolder folder;
  const fs::path file = folder / "t.jsonl";
  write_trace(file, 2);
  std::ifstream in(file);
  std::string line;
  std::getline(in, line);
  CHECK(line == R"({"type":"trace","schema_version":1,"suite":"image","environment":"memory",)"
                R"("energy_source":"emulated","models":[)"
                R"({"name":"small","kind":"traditional","accuracy":[0.8]},)"
                R"({"name":"nested","kind":"anytime","accuracy":[0.7,0.9]}],)"
                R"("power_caps_w":[10.0,22.5],"q_fail":0.1})");
  for (int i = 0; i < 8; ++i) std::getline(in, line);  // input 1, the last configuration
  CHECK(line ==
        R"({"input":1,"group":0,"group_position":1,"group_size":2,"model":"nested","cap_w":22.5,)"
        R"("stage_latency_s":[0.008,0.016],"stage_correct":[0.25,0.75],"busy_energy_j":0.08,)"
        R"("idle_power_w":4.008,"contention":true,"energy_inferences":5})");
}

TEST_CASE("measurements are written to the nanosecond, nanojoule and nanowatt") {
  const TemporaryFolder folder;
  TraceInput input = make_input(0);
  input.run(0, 0) = {{0.0012345678912}, {1.0}, 0.0212345678912, 4.0000000001};
  TraceWriter(folder / "t.jsonl", header).write(input);
  TraceReader reader(folder / "t.jsonl");
  REQUIRE(reader.next(input));
  CHECK(input.run(0, 0).stage_latency_s[0] == 0.001234568);
  CHECK(input.run(0, 0).busy_energy_j == 0.021234568);
  CHECK(input.run(0, 0).idle_power_w == 4.0);
}

TEST_CASE("a value that is no number leaves the file as it was") {
  const TemporaryFolder folder;
  TraceWriter writer(folder / "t.jsonl", header);
  writer.write(make_input(0));
  TraceInput input = make_input(1);
  input.run(1, 1).busy_energy_j = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_AS(writer.write(input), std::logic_error);
  CHECK(writer.inputs_written() == 1);
  check_trace(folder / "t.jsonl", 1);
}

TEST_CASE("the configurations of an input may stand in any order, and lines may have more fields") {
  const TemporaryFolder folder;
  const fs::path file = folder / "t.jsonl";
  write_trace(file, 1);
  std::ifstream in(file);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  lines[2].insert(1, "\"note\":\"new\",");
  write_bytes(file, lines[0] + '\n' + lines[4] + '\n' + lines[2] + '\n' + lines[1] + '\n' +
                        lines[3] + '\n');
  check_trace(file, 1);
}

TEST_CASE("a malformed header is told by its place") {
  const TemporaryFolder folder;
  const fs::path file = folder / "t.jsonl";
  write_trace(file, 1);
  const std::string bytes = read_bytes(file);
  const std::size_t end = bytes.find('\n');
  const json good = json::parse(bytes.substr(0, end));

  const auto error_of = [&](const std::function<void(json&)>& spoil) {
    json spoilt = good;
    spoil(spoilt);
    write_bytes(file, spoilt.dump() + bytes.substr(end));
    try {
      TraceReader reader(file);
    } catch (const InputError& error) {
      return std::string(error.what());
    }
    return std::string("no error");
  };
  const std::string place = file.string() + ":1: ";
  using Spoil = std::function<void(json&)>;
  const std::vector<std::pair<Spoil, std::string>> cases = {
      {[](json& h) { h["type"] = "profile"; }, "/type: must be \"trace\""},
      {[](json& h) { h["schema_version"] = 2; }, "/schema_version: this program reads version 1"},
      {[](json& h) { h.erase("suite"); }, "/: \"suite\" is missing"},
      {[](json& h) { h.erase("environment"); }, "/: \"environment\" is missing"},
      {[](json& h) { h["environment"] = "../../x"; },
       "/environment: must be 1 to 100 letters, digits, - and _: it names a file"},
      {[](json& h) { h["energy_source"] = "measurd"; },
       "/energy_source: unknown energy source \"measurd\" (did you mean \"measured\"?)"},
      {[](json& h) { h["models"] = json::array(); }, "/models: must not be empty"},
      {[](json& h) { h["models"][1]["name"] = "small"; }, "/models/1/name: the model \"small\""},
      {[](json& h) { h["models"][1]["kind"] = "any"; }, "/models/1/kind: "},
      {[](json& h) { h["models"][1]["accuracy"][1] = 1.5; }, "/models/1/accuracy/1: must lie in"},
      {[](json& h) { h["models"][1]["accuracy"] = json::array(); }, "/models/1/accuracy: must"},
      {[](json& h) {
         h["models"][0]["accuracy"] = {0.1, 0.2};
       },
       "/models/0/accuracy: must have"},
      {[](json& h) { h["power_caps_w"] = json::array(); },
       "/power_caps_w: must have at least one power cap"},
      {[](json& h) {
         h["power_caps_w"] = {10, 10};
       },
       "/power_caps_w/1: power caps must ascend"},
      {[](json& h) {
         h["power_caps_w"] = {0, 10};
       },
       "/power_caps_w/0: must be above 0"},
      {[](json& h) { h["q_fail"] = -0.1; }, "/q_fail: must lie in [0, 1]"},
      {[](json& h) { h = 3; }, "/: must be an object, found 3"},
  };
  for (const auto& [spoil, message] : cases) CHECK_THAT(error_of(spoil), Contains(place + message));

  write_bytes(file, "{\"type\":\n");
  CHECK_THROWS_WITH(read_all(file), Contains(place + "not JSON: "));
  write_bytes(file, "");
  CHECK_THROWS_WITH(read_all(file), place + "/: the header is missing");
  CHECK_THROWS_WITH(read_all(folder / "none"),
                    Contains("none: cannot read this file: No such file"));
  CHECK_THROWS_AS(read_all(folder / "."), InputError);
}

TEST_CASE("a malformed line is told by its place") {
  const TemporaryFolder folder;
  const fs::path file = folder / "t.jsonl";
  write_trace(file, 4);
  std::vector<std::string> good;
  {
    std::ifstream in(file);
    for (std::string line; std::getline(in, line);) good.push_back(line);
  }
  REQUIRE(good.size() == 17);

  const auto error_of = [&](const std::vector<std::string>& lines) {
    std::string bytes;
    for (const auto& line : lines) bytes += line + '\n';
    write_bytes(file, bytes);
    try {
      read_all(file);
    } catch (const InputError& error) {
      return std::string(error.what());
    }
    return std::string("no error");
  };
  // Line 8 is input 1, "nested" at 10 W.
  const auto spoilt = [&](const std::function<void(json&)>& spoil) {
    auto lines = good;
    json line = json::parse(lines[7]);
    spoil(line);
    lines[7] = line.dump();
    return error_of(lines);
  };
  const std::string place = file.string() + ":8: ";
  using Spoil = std::function<void(json&)>;
  const std::vector<std::pair<Spoil, std::string>> cases = {
      {[](json& l) { l["model"] = "nestd"; },
       "/model: unknown model \"nestd\" (did you mean \"nested\"?); allowed: \"small\", "
       "\"nested\""},
      {[](json& l) { l["cap_w"] = 11; }, "/cap_w: unknown power cap 11; allowed: 10, 22.5"},
      {[](json& l) { l["cap_w"] = "10"; }, "/cap_w: must be a number"},
      {[](json& l) { l["model"] = "small"; }, "/model: input 1 has \"small\" at 10 W twice"},
      {[](json& l) { l["input"] = 2; }, "/input: input 1 lacks \"nested\" at 10 W, found input 2"},
      {[](json& l) { l["input"] = -1; }, "/input: must be a whole number"},
      {[](json& l) { l["group"] = 7; }, "/group: the group, group_position or group_size differ"},
      {[](json& l) { l["contention"] = false; }, "/contention: differs within the input"},
      {[](json& l) { l["contention"] = 1; }, "/contention: must be true or false"},
      {[](json& l) { l["stage_latency_s"] = {0.1}; },
       "/stage_latency_s: must have 2 values, one per stage, found 1"},
      {[](json& l) {
         l["stage_latency_s"] = {0.2, 0.1};
       },
       "/stage_latency_s/1: stages are cumulative and ascend, found 0.1 after 0.2"},
      {[](json& l) {
         l["stage_latency_s"] = {0.0, 0.1};
       },
       "/stage_latency_s/0: must be above 0"},
      {[](json& l) {
         l["stage_correct"] = {0.5, 0.5, 0.5};
       },
       "/stage_correct: must have 2 values, one per stage, found 3"},
      {[](json& l) { l["stage_correct"][1] = 1.01; }, "/stage_correct/1: must lie in [0, 1]"},
      {[](json& l) { l["stage_correct"][0] = -0.1; }, "/stage_correct/0: must lie in [0, 1]"},
      {[](json& l) {
         l["stage_latency_s"] = {0.1, 1e300};
       },
       "/stage_latency_s/1: must be at most 100000, found 1e+300"},
      {[](json& l) { l["busy_energy_j"] = 1e300; }, "/busy_energy_j: must be at most 1000000000"},
      {[](json& l) { l["idle_power_w"] = 1e300; }, "/idle_power_w: must lie in [0, 100000]"},
      {[](json& l) { l["busy_energy_j"] = 0; }, "/busy_energy_j: must be above 0"},
      {[](json& l) { l["busy_energy_j"] = nullptr; }, "/: \"energy_reason\" is missing"},
      {[](json& l) { l["idle_power_w"] = -1; }, "/idle_power_w: must lie in [0, 100000], found -1"},
      {[](json& l) { l.erase("group_size"); }, "/: \"group_size\" is missing"},
      {[](json& l) { l = json::array(); }, "/: must be an object"},
  };
  for (const auto& [spoil, message] : cases) CHECK_THAT(spoilt(spoil), Contains(place + message));

  auto lines = good;
  lines[7] = "{\"input\":1e999}";
  CHECK(error_of(lines) == place + "not JSON: number overflow parsing '1e999'");
  lines = good;
  lines.insert(lines.begin() + 9, good[8]);
  const std::string in_order = ": inputs stand in order, without a gap, found ";
  CHECK_THAT(error_of(lines), Contains(":10: /input: must be 2" + in_order + "1"));
  lines = good;
  lines.erase(lines.begin() + 5, lines.begin() + 9);  // without input 1
  CHECK_THAT(error_of(lines), Contains(":6: /input: must be 1" + in_order + "2"));
  lines = good;
  std::rotate(lines.begin() + 1, lines.begin() + 9, lines.end());  // input 2 first
  CHECK_THAT(error_of(lines), Contains(":2: /input: must be 0" + in_order + "2"));
  lines = good;
  lines.pop_back();
  CHECK_THAT(error_of(lines), Contains(":17: /: the trace breaks off here"));
  lines = good;
  lines.resize(13);  // without input 3, the second of its group
  CHECK_THAT(error_of(lines), Contains(":14: /: the trace breaks off here"));

  const auto regrouped = [&](std::size_t position, std::size_t size) {
    auto changed = good;
    for (std::size_t i = 5; i < 9; ++i) {  // input 1
      json line = json::parse(changed[i]);
      line["group_position"] = position;
      line["group_size"] = size;
      changed[i] = line.dump();
    }
    return error_of(changed);
  };
  CHECK_THAT(regrouped(2, 2),
             Contains(":6: /group_position: must be below the group_size 2, found 2"));
  CHECK_THAT(regrouped(2, 3), Contains(":6: /group_position: position 2 of group 0 must follow"));
  CHECK_THAT(regrouped(1, 3), Contains(":6: /group_position: position 1 of group 0 must follow"));
  CHECK_THAT(regrouped(0, 2), Contains(":6: /group_position: group 0 has 2 inputs, and this is not "
                                       "the next of them"));
}

TEST_CASE("a line without an end is refused before it fills the memory") {
  const TemporaryFolder folder;
  write_bytes(folder / "t.jsonl", std::string(20'000'000, ' '));
  CHECK_THROWS_WITH(read_all(folder / "t.jsonl"), Contains("this line has no end"));
}

TEST_CASE("a trace cut anywhere is refused, and resumes after its last whole input") {
  const TemporaryFolder folder;
  for (const std::string name : {"t.jsonl", "t.jsonl.gz"}) {
    const fs::path file = folder / name;
    // Size of the file as it was when an input had been written: what a killed run leaves behind.
    std::vector<std::size_t> whole;
    {
      TraceWriter writer(file, header);
      for (std::size_t i = 0; i < 4; ++i) {
        whole.push_back(fs::file_size(file));
        writer.write(make_input(i));
      }
      whole.push_back(fs::file_size(file));
    }
    const std::string bytes = read_bytes(file);

    for (std::size_t size = 0; size <= bytes.size(); ++size) {
      CAPTURE(name, size);
      write_bytes(file, bytes.substr(0, size));
      const auto after = std::ranges::upper_bound(whole, size);
      const auto inputs =
          static_cast<std::size_t>(std::max<std::ptrdiff_t>(0, after - whole.begin() - 1));
      // A plain file that ends where a group ends is whole.
      const bool complete = size == bytes.size() || (name == "t.jsonl" && after != whole.begin() &&
                                                     *(after - 1) == size && inputs % 2 == 0);
      if (!complete) CHECK_THROWS_AS(read_all(file), InputError);

      TraceWriter writer(file, header, /*resume=*/true);
      // gzip may already hold the whole input where only its flush is cut.
      const std::size_t kept = writer.inputs_written();
      CHECK(kept >= inputs);
      CHECK(kept <= inputs + 1);
      if (name == "t.jsonl") CHECK(kept == inputs);
      for (std::size_t i = kept; i < 4; ++i) writer.write(make_input(i));
      writer.close();
      check_trace(file, 4);
    }
    CHECK(std::distance(fs::directory_iterator(file.parent_path()), {}) ==
          (name == "t.jsonl" ? 1 : 2));
  }
}

TEST_CASE("resume starts a file that is not there, and goes on with one that is complete") {
  const TemporaryFolder folder;
  const fs::path file = folder / "t.jsonl.gz";
  {
    TraceWriter writer(file, header, true);
    CHECK(writer.inputs_written() == 0);
    writer.write(make_input(0));
  }
  TraceWriter writer(file, header, true);
  CHECK(writer.inputs_written() == 1);
  writer.write(make_input(1));
  CHECK(writer.inputs_written() == 2);
  writer.close();
  check_trace(file, 2);
}

TEST_CASE("resume refuses another header and a malformed trace, and leaves the file alone") {
  const TemporaryFolder folder;
  const fs::path file = folder / "t.jsonl";
  write_trace(file, 2);
  const std::string bytes = read_bytes(file);

  TraceHeader other = header;
  other.power_caps_w = {10.0, 20.0};
  CHECK_THROWS_WITH(TraceWriter(file, other, true),
                    file.string() +
                        ":1: /power_caps_w: this trace cannot be resumed: found "
                        "[10.0,22.5], this run has [10.0,20.0]");
  other = header;
  other.models[1].accuracy[0] = 0.71;
  CHECK_THROWS_WITH(TraceWriter(file, other, true), Contains("/models: this trace cannot be"));
  CHECK(read_bytes(file) == bytes);

  std::string spoilt = bytes;
  spoilt.replace(spoilt.find("\"small\"", spoilt.find('\n')), 7, "\"smell\"");
  write_bytes(file, spoilt);
  CHECK_THROWS_WITH(TraceWriter(file, header, true), Contains(":2: /model: unknown model"));
  CHECK(read_bytes(file) == spoilt);
}

TEST_CASE("damaged gzip data is refused, not cut off") {
  const TemporaryFolder folder;
  const fs::path file = folder / "t.jsonl.gz";
  write_trace(file, 3);
  std::string bytes = read_bytes(file);
  bytes[bytes.size() - 6] ^= 1;  // of the checksum
  write_bytes(file, bytes);
  CHECK_THROWS_WITH(read_all(file),
                    Contains("t.jsonl.gz: cannot read this file: incorrect data check"));
  CHECK_THROWS_AS(TraceWriter(file, header, true), InputError);
}

TEST_CASE("a failed write says why") {
  CHECK_THROWS_WITH(TraceWriter("/dev/full", header), Contains("/dev/full: is a device"));
  CHECK_THROWS_WITH(TraceWriter("/nowhere/t.jsonl", header),
                    "/nowhere/t.jsonl: cannot write: No such file or directory");
}
