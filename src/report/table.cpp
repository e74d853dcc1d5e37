#include "report/table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "base/json.hpp"
#include "base/text.hpp"

namespace bench {
namespace {

/// Characters that a UTF-8 string takes on a terminal.
std::size_t width(const std::string& text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
}

std::vector<std::string> map(const std::vector<std::string>& cells,
                             std::string (*change)(std::string_view)) {
  std::vector<std::string> changed;
  for (const auto& cell : cells) changed.push_back(change(cell));
  return changed;
}

std::string terminal(Table table) {
  table.columns = map(table.columns, printable);
  for (auto& row : table.rows) row = map(row, printable);
  std::vector<std::size_t> widths;
  for (const auto& column : table.columns) widths.push_back(width(column));
  for (const auto& row : table.rows)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width(row[i]));

  const auto line = [&](const std::vector<std::string>& cells) {
    std::string text;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      const std::string padding(widths[i] - width(cells[i]), ' ');
      text += (i == 0 ? cells[i] + padding : "  " + padding + cells[i]);
    }
    text.erase(text.find_last_not_of(' ') + 1);
    return text + "\n";
  };
  std::string text = printable(table.title) + "\n" + line(table.columns);
  std::size_t total = 2 * (widths.size() - 1);
  for (const std::size_t w : widths) total += w;
  for (std::size_t i = 0; i < total; ++i) text += "─";
  text += "\n";
  for (const auto& row : table.rows) text += line(row);
  if (!table.note.empty()) text += table.note + "\n";
  return text;
}

/// Text that Markdown shows as it is: no markup, no HTML, no link, no other cell.
std::string markdown_text(std::string_view text) {
  const std::string shown = printable(text);
  std::string escaped;
  for (std::size_t i = 0; i < shown.size(); ++i) {
    const bool link = shown[i] == ']' && (shown[i + 1] == '(' || shown[i + 1] == '[');
    if (link || std::string_view("\\`*_<>|~&").find(shown[i]) != std::string_view::npos)
      escaped += '\\';
    escaped += shown[i];
  }
  return escaped;
}

std::string markdown(const Table& table) {
  const auto line = [](const std::vector<std::string>& cells) {
    std::string text = "|";
    for (const auto& cell : cells) text += fmt::format(" {} |", cell);
    return text + "\n";
  };
  std::string text = fmt::format("### {}\n\n{}|", markdown_text(table.title),
                                 line(map(table.columns, markdown_text)));
  for (std::size_t i = 0; i < table.columns.size(); ++i) text += i == 0 ? " --- |" : " ---: |";
  text += "\n";
  for (const auto& row : table.rows) text += line(map(row, markdown_text));
  if (!table.note.empty()) text += "\n" + table.note + "\n";
  return text;
}

/// A field that a spreadsheet takes for text or for a number, never for a formula.
std::string csv_field(std::string text) {
  const bool number = text.find_first_not_of("+-.%0123456789") == std::string::npos;
  if (!number && std::string_view("=+-@\t\r").find(text[0]) != std::string_view::npos)
    text = fmt::format("'{}", text);
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + '"';
}

std::string csv(const Table& table) {
  const auto line = [](const std::vector<std::string>& cells) {
    std::string text;
    for (const auto& cell : cells) text += csv_field(cell) + ',';
    text.back() = '\n';
    return text;
  };
  std::vector<std::string> header = {"table"};
  header.insert(header.end(), table.columns.begin(), table.columns.end());
  std::string text = line(header);
  for (const auto& row : table.rows) {
    std::vector<std::string> cells = {table.title};
    cells.insert(cells.end(), row.begin(), row.end());
    text += line(cells);
  }
  return text;
}

std::string json(const std::vector<Table>& tables) {
  auto document = nlohmann::ordered_json::array();
  for (const Table& table : tables) {
    auto rows = nlohmann::ordered_json::array();
    for (const auto& row : table.rows) {
      nlohmann::ordered_json object;
      for (std::size_t i = 0; i < row.size(); ++i) object[table.columns[i]] = row[i];
      rows.push_back(std::move(object));
    }
    document.push_back({{"title", table.title}, {"rows", std::move(rows)}});
  }
  return to_text(document, 2) + "\n";
}

}  // namespace

std::string render(const std::vector<Table>& tables, TableFormat format) {
  if (format == TableFormat::json) return json(tables);
  std::string text;
  for (const Table& table : tables) {
    if (!text.empty()) text += "\n";
    text += format == TableFormat::terminal   ? terminal(table)
            : format == TableFormat::markdown ? markdown(table)
                                              : csv(table);
  }
  return text;
}

}  // namespace bench
