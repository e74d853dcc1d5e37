// A small table and the ways to print it.
#pragma once

#include <string>
#include <vector>

#include "base/names.hpp"

namespace bench {

struct Table {
  std::string title;
  std::vector<std::string> columns;  ///< the first is text, the others are numbers
  std::vector<std::vector<std::string>> rows;
  std::string note;  ///< what the columns mean, for people
};

enum class TableFormat { terminal, markdown, csv, json };
template <>
struct Names<TableFormat> {
  static constexpr std::pair<TableFormat, std::string_view> table[] = {
      {TableFormat::terminal, "terminal"},
      {TableFormat::markdown, "markdown"},
      {TableFormat::csv, "csv"},
      {TableFormat::json, "json"}};
};

std::string render(const std::vector<Table>& tables, TableFormat format);

}  // namespace bench
