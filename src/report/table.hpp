// A small table and the ways to print it.
#pragma once

#include <string>
#include <vector>

#include "base/json.hpp"

namespace bench {

struct Table {
  std::string title;
  std::vector<std::string> columns;  ///< the first is text, the others are numbers
  std::vector<std::vector<std::string>> rows;
  std::string note;  ///< what the columns mean, for people
};

enum class TableFormat { terminal, markdown, csv, json };
std::vector<std::string> table_format_names();
/// `name` is one of them.
TableFormat table_format(const std::string& name);

std::string render(const std::vector<Table>& tables, TableFormat format);

}  // namespace bench
