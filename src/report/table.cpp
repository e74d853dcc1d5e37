#include "report/table.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace bench {
namespace {

/// Characters that a UTF-8 string takes on a terminal.
std::size_t width(const std::string& text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
}

std::string terminal(const Table& table) {
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
  std::string text = table.title + "\n" + line(table.columns);
  std::size_t total = 2 * (widths.size() - 1);
  for (const std::size_t w : widths) total += w;
  for (std::size_t i = 0; i < total; ++i) text += "─";
  text += "\n";
  for (const auto& row : table.rows) text += line(row);
  if (!table.note.empty()) text += table.note + "\n";
  return text;
}

std::string markdown(const Table& table) {
  const auto line = [](const std::vector<std::string>& cells) {
    std::string text = "|";
    for (const auto& cell : cells) {
      text += ' ';
      for (const char c : cell) text += c == '|' ? "\\|" : std::string(1, c);
      text += " |";
    }
    return text + "\n";
  };
  std::string text = fmt::format("### {}\n\n{}|", table.title, line(table.columns));
  for (std::size_t i = 0; i < table.columns.size(); ++i) text += i == 0 ? " --- |" : " ---: |";
  text += "\n";
  for (const auto& row : table.rows) text += line(row);
  if (!table.note.empty()) text += "\n" + table.note + "\n";
  return text;
}

std::string csv(const Table& table) {
  const auto line = [](const std::vector<std::string>& cells) {
    std::string text;
    for (const auto& cell : cells) {
      std::string quoted = cell;
      if (cell.find_first_of(",\"\r\n") != std::string::npos) {
        quoted.assign(1, '"');
        for (const char c : cell) quoted += c == '"' ? "\"\"" : std::string(1, c);
        quoted += '"';
      }
      text += quoted + ',';
    }
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
  return document.dump(2) + "\n";
}

}  // namespace

std::vector<std::string> table_format_names() { return {"terminal", "markdown", "csv", "json"}; }

TableFormat table_format(const std::string& name) {
  const auto names = table_format_names();
  return static_cast<TableFormat>(std::ranges::find(names, name) - names.begin());
}

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
