#include "trace/trace.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "base/error.hpp"
#include "base/files.hpp"
#include "platform/power_caps.hpp"
#include "suite/suite.hpp"

namespace bench {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

// zlib's gz functions write plain files too: both kinds go one way.
struct GzClose {
  void operator()(gzFile file) const { gzclose(file); }
};
using GzFile = std::unique_ptr<gzFile_s, GzClose>;

JsonValue read_line(const LineReader& lines, std::string_view line) {
  return JsonValue::from(parse_json(line, lines.place()), lines.place());
}

double positive(const JsonValue& value, double max) {
  const double number = value.positive();
  if (number > max) value.fail(fmt::format("must be at most {}, found {}", max, number));
  return number;
}

TraceModel parse_model(const JsonValue& value) {
  const JsonValue accuracy = value.at("accuracy");
  TraceModel model{value.at("name").string(), parse_model_kind(value.at("kind")),
                   accuracy.numbers(0.0, 1.0)};
  if (model.accuracy.empty()) accuracy.fail("must have one value per stage, found []");
  if (model.kind == alert::ModelKind::traditional && model.accuracy.size() > 1)
    accuracy.fail(
        fmt::format("must have one value for the one stage of a traditional DNN, found {}",
                    model.accuracy.size()));
  return model;
}

void check_stages(const JsonValue& list, std::size_t found, std::size_t stages) {
  if (found != stages)
    list.fail(fmt::format("must have {} values, one per stage, found {}", stages, found));
}

TraceHeader parse_header(const JsonValue& value) {
  if (value.at("type").string() != "trace") value.at("type").fail("must be \"trace\"");
  value.check_schema_version();
  TraceHeader header;
  header.suite = value.at("suite").string();
  header.environment = parse_environment_name(value.at("environment"));
  header.energy_source = parse_energy_source(value.at("energy_source"));
  header.models = parse_models(value.at("models"));
  header.power_caps_w = parse_power_caps(value.at("power_caps_w"));
  header.q_fail = value.at("q_fail").number(0.0, 1.0);
  return header;
}

Json to_json(const TraceHeader& header) {
  Json models = Json::array();
  for (const auto& model : header.models)
    models.push_back(
        {{"name", model.name}, {"kind", to_string(model.kind)}, {"accuracy", model.accuracy}});
  return {{"type", "trace"},
          {"schema_version", schema_version},
          {"suite", header.suite},
          {"environment", header.environment},
          {"energy_source", to_string(header.energy_source)},
          {"models", std::move(models)},
          {"power_caps_w", header.power_caps_w},
          {"q_fail", header.q_fail}};
}

/// The one line of an input that was lost.
Json lost_to_json(const TraceInput& input) {
  return {{"input", input.input},
          {"group", input.group.group},
          {"group_position", input.group.position},
          {"group_size", input.group.size},
          {"lost", input.lost},
          {"contention", input.contention}};
}

Json to_json(const TraceHeader& header, const TraceInput& input, std::size_t model,
             std::size_t cap) {
  const TraceRun& run = input.run(model, cap);
  Json latency_s = Json::array();
  for (const double end_s : run.stage_latency_s) latency_s.push_back(rounded(end_s));
  Json json = {{"input", input.input},
               {"group", input.group.group},
               {"group_position", input.group.position},
               {"group_size", input.group.size},
               {"model", header.models[model].name},
               {"cap_w", header.power_caps_w[cap]},
               {"stage_latency_s", std::move(latency_s)},
               {"stage_correct", run.stage_correct},
               {"busy_energy_j", rounded_or_null(run.busy_energy_j)},
               {"idle_power_w", rounded_or_null(run.idle_power_w)},
               {"contention", input.contention}};
  if (run.energy_inferences > 1) json["energy_inferences"] = run.energy_inferences;
  if (!run.busy_energy_j || !run.idle_power_w) json["energy_reason"] = run.energy_reason;
  return json;
}

GroupPosition parse_group(const JsonValue& value) {
  return {value.at("group").count(), value.at("group_position").count(),
          value.at("group_size").count(1)};
}

/// Inputs from lines, each checked.
class Parser {
 public:
  explicit Parser(const fs::path& file) : lines_(file) {
    const auto line = lines_.next();
    if (!line) throw InputError(fmt::format("{}: /: the header is missing", lines_.next_place()));
    header_ = parse_header(read_line(lines_, *line));
    for (const auto& model : header_.models) names_.push_back(model.name);
  }

  const TraceHeader& header() const { return header_; }
  std::string next_place() const { return lines_.next_place(); }

  /// Whether inputs of the last group are missing.
  bool group_is_open() const {
    return previous_ && previous_->group.position + 1 < previous_->group.size;
  }

  /// What follows the last whole input: another one, nothing, or a part of one.
  enum class Next { whole, end, part };
  Next next(TraceInput& input) {
    input.resize(names_.size(), header_.power_caps_w.size());
    seen_.assign(names_.size() * header_.power_caps_w.size(), false);
    for (std::size_t done = 0; done < seen_.size(); ++done) {
      const auto line = lines_.next();
      if (!line) return done > 0 || lines_.cut() ? Next::part : Next::end;
      const JsonValue value = read_line(lines_, *line);
      if (done == 0)
        begin_input(value, input);
      else
        check_same_input(value, input);
      if (!input.lost.empty()) break;
      parse_run(value, input);
    }
    previous_ = {input.input, input.group};
    return Next::whole;
  }

 private:
  struct Previous {
    std::size_t input;
    GroupPosition group;
  };

  void begin_input(const JsonValue& value, TraceInput& input) const {
    input.input = value.at("input").count();
    input.group = parse_group(value);
    input.contention = value.at("contention").boolean();
    input.lost.clear();
    if (const auto lost = value.find("lost")) {
      input.lost = lost->string();
      if (input.lost.empty()) lost->fail("must say why the input was lost, is empty");
    }
    const std::size_t next = previous_ ? previous_->input + 1 : 0;
    if (input.input != next)
      value.at("input").fail(fmt::format(
          "must be {}: inputs stand in order, without a gap, found {}", next, input.input));
    const auto& [group, position, size] = input.group;
    if (position >= size)
      value.at("group_position")
          .fail(fmt::format("must be below the group_size {}, found {}", size, position));
    if (position > 0 &&
        (!previous_ || previous_->group != GroupPosition{group, position - 1, size}))
      value.at("group_position")
          .fail(
              fmt::format("position {} of group {} must follow position {} of it, of the same size",
                          position, group, position - 1));
    if (position == 0 && group_is_open())
      value.at("group_position")
          .fail(fmt::format("group {} has {} inputs, and this is not the next of them",
                            previous_->group.group, previous_->group.size));
  }

  /// The lines of one input stand together and agree on what belongs to the input as a whole.
  void check_same_input(const JsonValue& value, const TraceInput& input) const {
    const JsonValue number = value.at("input");
    if (number.count() != input.input) {
      const auto missing =
          static_cast<std::size_t>(std::ranges::find(seen_, false) - seen_.begin());
      number.fail(fmt::format("input {} lacks {}, found input {}", input.input,
                              configuration(missing), number.count()));
    }
    if (parse_group(value) != input.group)
      value.at("group").fail("the group, group_position or group_size differ within the input");
    if (value.at("contention").boolean() != input.contention)
      value.at("contention").fail("differs within the input");
  }

  void parse_run(const JsonValue& value, TraceInput& input) {
    const auto& caps_w = header_.power_caps_w;
    const std::size_t model = value.at("model").one_of(names_, "model");
    const JsonValue cap_w = value.at("cap_w");
    const auto found = std::ranges::find(caps_w, cap_w.number());
    if (found == caps_w.end())
      cap_w.fail(fmt::format("unknown power cap {}; allowed: {}", cap_w.number(),
                             fmt::join(caps_w, ", ")));
    const auto cap = static_cast<std::size_t>(found - caps_w.begin());
    const std::size_t index = model * caps_w.size() + cap;
    if (seen_[index])
      value.at("model").fail(
          fmt::format("input {} has {} twice", input.input, configuration(index)));
    seen_[index] = true;

    TraceRun& run = input.run(model, cap);
    const std::size_t stages = header_.models[model].accuracy.size();
    run.stage_latency_s = parse_cumulative(value.at("stage_latency_s"), stages, max_latency_s);
    const JsonValue correct = value.at("stage_correct");
    run.stage_correct = correct.numbers(0.0, 1.0);
    check_stages(correct, run.stage_correct.size(), stages);
    run.busy_energy_j.reset();
    run.idle_power_w.reset();
    if (const auto energy = value.find("busy_energy_j"))
      run.busy_energy_j = positive(*energy, max_energy_j);
    if (const auto power = value.find("idle_power_w"))
      run.idle_power_w = power->number(0.0, max_power_w);
    const bool missing = !run.busy_energy_j || !run.idle_power_w;
    run.energy_reason = missing ? value.at("energy_reason").string() : "";
    const auto inferences = value.find("energy_inferences");
    run.energy_inferences = inferences ? inferences->count(1) : 1;
  }

  /// In words, by its index [model * caps + cap].
  std::string configuration(std::size_t index) const {
    const auto& caps_w = header_.power_caps_w;
    return fmt::format("\"{}\" at {} W", names_[index / caps_w.size()],
                       caps_w[index % caps_w.size()]);
  }

  LineReader lines_;
  TraceHeader header_;
  std::vector<std::string> names_;  // of the models
  std::vector<bool> seen_;          // configurations of the input at hand, [model * caps + cap]
  std::optional<Previous> previous_;
};

void check_equal(const TraceHeader& found, const TraceHeader& wanted, const fs::path& file) {
  const Json found_json = to_json(found), wanted_json = to_json(wanted);
  for (const auto& [key, value] : wanted_json.items())
    if (found_json[key] != value)
      throw InputError(
          fmt::format("{}:1: /{}: this trace cannot be resumed: found {}, this run has {}",
                      file.string(), key, found_json[key].dump(), value.dump()));
}

}  // namespace

std::vector<TraceModel> parse_models(const JsonValue& list) {
  std::vector<TraceModel> models;
  for (const JsonValue& item : list.items()) {
    TraceModel model = parse_model(item);
    if (std::ranges::count(models, model.name, &TraceModel::name) > 0)
      item.at("name").fail(fmt::format("the model \"{}\" stands twice", model.name));
    models.push_back(std::move(model));
  }
  if (models.empty()) list.fail("must not be empty");
  return models;
}

std::string parse_environment_name(const JsonValue& value) {
  const std::string name = value.string();
  const bool plain = std::ranges::all_of(name, [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_';
  });
  if (name.empty() || name.size() > 100 || !plain)
    value.fail("must be 1 to 100 letters, digits, - and _: it names a file");
  return name;
}

std::vector<double> parse_cumulative(const JsonValue& list, std::size_t stages, double max) {
  std::vector<double> values;
  for (const JsonValue& item : list.items()) {
    const double value = positive(item, max);
    if (!values.empty() && value < values.back())
      item.fail(
          fmt::format("stages are cumulative and ascend, found {} after {}", value, values.back()));
    values.push_back(value);
  }
  check_stages(list, values.size(), stages);
  return values;
}

struct TraceReader::State {
  Parser parser;
};

TraceReader::TraceReader(const fs::path& file) : state_(new State{Parser(file)}) {}
TraceReader::~TraceReader() = default;
TraceReader::TraceReader(TraceReader&&) noexcept = default;

const TraceHeader& TraceReader::header() const { return state_->parser.header(); }

bool TraceReader::next(TraceInput& input) {
  const auto next = state_->parser.next(input);
  if (next == Parser::Next::part || (next == Parser::Next::end && state_->parser.group_is_open()))
    throw InputError(
        fmt::format("{}: /: the trace breaks off here: resume its recording, or record it anew",
                    state_->parser.next_place()));
  return next == Parser::Next::whole;
}

struct TraceWriter::State {
  State(const fs::path& path, const TraceHeader& trace_header) : header(trace_header), name(path) {
    Descriptor descriptor = create_file(path);
    file.reset(gzdopen(descriptor.number(), path.extension() == ".gz" ? "wb" : "wbT"));
    if (!file) throw std::bad_alloc();
    descriptor.release();
    append(to_text(to_json(header)) + '\n');
  }

  // A sync flush ends at a whole byte without giving up the dictionary, so that the file on disk
  // can be read up to here whatever happens next, and gzip grows by a few bytes per flush.
  void append(const std::string& lines) {
    if (gzwrite(file.get(), lines.data(), static_cast<unsigned>(lines.size())) <= 0 ||
        gzflush(file.get(), Z_SYNC_FLUSH) != Z_OK)
      fail();
  }

  void write(const TraceInput& input) {
    std::string lines;
    if (!input.lost.empty()) lines = to_text(lost_to_json(input)) + '\n';
    for (std::size_t model = 0; model < header.models.size() && input.lost.empty(); ++model)
      for (std::size_t cap = 0; cap < header.power_caps_w.size(); ++cap)
        lines += to_text(to_json(header, input, model, cap)) + '\n';
    append(lines);
    ++inputs;
  }

  [[noreturn]] void fail() {
    const int error = errno;
    int status = Z_OK;
    const std::string why = gzip_error(file.get(), status);
    if (status == Z_ERRNO) fail_to_write(name, error);
    throw std::runtime_error(fmt::format("{}: cannot write: {}", name.string(), why));
  }

  TraceHeader header;
  fs::path name;
  GzFile file;
  std::size_t inputs = 0;
};

TraceWriter::TraceWriter(const fs::path& file, const TraceHeader& header, bool resume) {
  // A run that was killed before its header was whole has left nothing to resume.
  if (!resume || !fs::exists(file) || !LineReader(file).next()) {
    state_ = std::make_unique<State>(file, header);
    return;
  }
  // Plain or compressed, the whole inputs are copied beside and take the file's place at once: a
  // gzip stream that breaks off cannot be appended to.
  Parser parser(file);
  check_equal(parser.header(), header, file);
  const fs::path copy = fs::path(file).replace_filename(".resumed-" + file.filename().string());
  state_ = std::make_unique<State>(copy, header);
  for (TraceInput input; parser.next(input) == Parser::Next::whole;) state_->write(input);
  fs::rename(copy, file);
}

TraceWriter::~TraceWriter() = default;
TraceWriter::TraceWriter(TraceWriter&&) noexcept = default;

std::size_t TraceWriter::inputs_written() const { return state_->inputs; }

void TraceWriter::write(const TraceInput& input) { state_->write(input); }

void TraceWriter::close() {
  if (gzclose(state_->file.release()) != Z_OK) fail_to_write(state_->name, errno);
}

}  // namespace bench
