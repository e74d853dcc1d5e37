#include "report/table.hpp"

#include "report/tables.hpp"
#include "results/summary.hpp"
#include "support/catch.hpp"
#include "support/outcomes.hpp"

using namespace bench;
using test::in_time;
using test::late;

namespace {

constexpr alert::Goal goal{
    .task = alert::Task::minimize_energy, .deadline_s = 0.1, .accuracy = 0.5};

/// Two schemes under two settings: alert keeps one, for 1.1 J where oracle-static takes 1 J.
Summary summary(bool with_base) {
  const std::vector<alert::Goal> grid{goal, goal};
  SummaryInput input;
  input.suite = "image";
  input.environments = {"default"};
  input.schemes = {"alert", "oracle-static"};
  if (with_base) input.base_scheme = "oracle-static";
  input.grid = grid;
  input.cells = {
      {"alert", "default", 0, test::tally_of(goal, {in_time(1.1, 0.8)})},
      {"oracle-static", "default", 0, test::tally_of(goal, {in_time(1.0, 0.75)})},
      {"alert", "default", 1, test::tally_of(goal, {late(0.5)})},
      {"oracle-static", "default", 1, test::tally_of(goal, {in_time(2.0, 0.75)})},
  };
  return summarize(input);
}

std::vector<Table> tables(bool with_base) { return report_tables(summary(with_base)); }

const std::vector<Table> odd = {
    {"odd",
     {"name", "a|b"},
     {{"x,y", "1"}, {"say \"hi\"", "2|3"}, {"", "4"}, {"two\nlines", "5"}},
     ""}};

}  // namespace

TEST_CASE("a report on the terminal") {
  CHECK(render(tables(true), TableFormat::terminal) ==
        R"(image / default / minimize-energy (emulated)
scheme         violated settings  energy, normalized  versus alert  energy [J]  error [%]  measured error [%]  late [%]
───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
alert                        1/2               1.100             –      0.8000      55.00               60.00      50.0
oracle-static                0/2               1.000     0.909 (1)      1.5000      25.00               25.00       0.0
normalized: to oracle-static, over the settings that both keep. versus alert: ratio of the mean energy over the settings that both keep (how many). Energy, error and late: means over all settings.

harmonic mean over the rows, normalized to oracle-static
scheme         energy  error
────────────────────────────
alert           1.100      –
oracle-static   1.000      –
)");
}

TEST_CASE("every table of a machine that was not quiet says so") {
  Summary disturbed = summary(true);
  disturbed.conditions["machine_load"] = {{"disturbance", nullptr}};
  for (const Table& table : report_tables(disturbed))
    CHECK(table.note.find("NOT QUIET") == std::string::npos);
  disturbed.conditions["machine_load"] = {{"disturbance", "profile: other work used 1.20 cores"}};
  const auto found = report_tables(disturbed);
  CHECK(found.size() == 2);
  for (const Table& table : found)
    CHECK(
        table.note.starts_with("THE MACHINE WAS NOT QUIET: profile: other work used 1.20 cores. "));
}

TEST_CASE("lost inputs stand in a table that has any") {
  Tally one_lost = test::tally_of(goal, {in_time(1.0, 0.75)}), all_lost;
  one_lost.lose();
  all_lost.lose();
  SummaryInput input;
  input.suite = "image";
  input.environments = {"default"};
  input.schemes = {"alert", "app-only"};
  input.grid = {goal, goal};
  input.cells = {{"alert", "default", 0, one_lost},
                 {"alert", "default", 1, test::tally_of(goal, {in_time(1.0, 0.75)})},
                 {"app-only", "default", 0, all_lost},
                 {"app-only", "default", 1, all_lost}};
  CHECK(render({report_tables(summarize(input))[0]}, TableFormat::terminal) ==
        R"(image / default / minimize-energy (emulated)
scheme    violated settings  versus alert  lost  energy [J]  error [%]  measured error [%]  late [%]
────────────────────────────────────────────────────────────────────────────────────────────────────
alert                   0/2             –     1      1.0000      25.00               25.00       0.0
app-only                2/2         – (0)     2           –          –                   –         –
versus alert: ratio of the mean energy over the settings that both keep (how many). Energy, error and late: means over all settings. lost: inputs that could not be read or that a DNN failed on, over all settings; nothing else counts them.
)");
}

TEST_CASE("a report in markdown, without a base to normalize to") {
  CHECK(render(tables(false), TableFormat::markdown) ==
        R"(### image / default / minimize-energy (emulated)

| scheme | violated settings | versus alert | energy [J] | error [%] | measured error [%] | late [%] |
| --- | ---: | ---: | ---: | ---: | ---: | ---: |
| alert | 1/2 | – | 0.8000 | 55.00 | 60.00 | 50.0 |
| oracle-static | 0/2 | 0.909 (1) | 1.5000 | 25.00 | 25.00 | 0.0 |

versus alert: ratio of the mean energy over the settings that both keep (how many). Energy, error and late: means over all settings.
)");
}

TEST_CASE("a report in CSV") {
  CHECK(
      render(tables(true), TableFormat::csv) ==
      R"(table,scheme,violated settings,"energy, normalized",versus alert,energy [J],error [%],measured error [%],late [%]
image / default / minimize-energy (emulated),alert,1/2,1.100,–,0.8000,55.00,60.00,50.0
image / default / minimize-energy (emulated),oracle-static,0/2,1.000,0.909 (1),1.5000,25.00,25.00,0.0

table,scheme,energy,error
"harmonic mean over the rows, normalized to oracle-static",alert,1.100,–
"harmonic mean over the rows, normalized to oracle-static",oracle-static,1.000,–
)");
}

TEST_CASE("a report in JSON") {
  CHECK(render({tables(true)[1]}, TableFormat::json) ==
        R"([
  {
    "title": "harmonic mean over the rows, normalized to oracle-static",
    "rows": [
      {
        "scheme": "alert",
        "energy": "1.100",
        "error": "–"
      },
      {
        "scheme": "oracle-static",
        "energy": "1.000",
        "error": "–"
      }
    ]
  }
]
)");
}

TEST_CASE("cells that a format would misread are quoted") {
  CHECK(render(odd, TableFormat::csv) ==
        "table,name,a|b\n"
        "odd,\"x,y\",1\n"
        "odd,\"say \"\"hi\"\"\",2|3\n"
        "odd,,4\n"
        "odd,\"two\nlines\",5\n");
  CHECK_THAT(render(odd, TableFormat::markdown),
             Catch::Matchers::StartsWith("### odd\n\n"
                                         "| name | a\\|b |\n"
                                         "| --- | ---: |\n"
                                         "| x,y | 1 |\n"
                                         "| say \"hi\" | 2\\|3 |\n"));
  CHECK(render({{"", {"a"}, {{""}}, ""}}, TableFormat::csv) == "table,a\n,\n");
}

TEST_CASE("cells that a format would take for more than text are shown as they are") {
  const auto shown = [](const std::string& cell, TableFormat format) {
    const std::string text = render({{"t", {"c"}, {{cell}}, ""}}, format);
    const std::size_t end = text.size() - 1, begin = text.rfind('\n', end - 1) + 1;
    return text.substr(begin, end - begin);
  };
  CHECK(shown("\x1B[31m\nred", TableFormat::terminal) == "\\x1B[31m\\nred");
  CHECK(shown("<img src=x> `a` *b* _c_ &lt; [d](e)", TableFormat::markdown) ==
        R"(| \<img src=x\> \`a\` \*b\* \_c\_ \&lt; [d\](e) |)");
  for (const std::string formula : {"=1+2", "+cmd", "-cmd", "@sum", "\tx"})
    CHECK(shown(formula, TableFormat::csv) == "t,'" + formula);
  for (const std::string number : {"-1.5", "+2.00%", "-0.25", "–"})
    CHECK(shown(number, TableFormat::csv) == "t," + number);
}
