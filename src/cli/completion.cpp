#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>
#include <string>
#include <vector>

#include "base/console.hpp"
#include "cli/commands.hpp"

namespace bench::cli {
namespace {

std::vector<std::string> option_names(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options())
    for (const auto& name : option->get_lnames()) names.push_back("--" + name);
  return names;
}

/// A bash completion: commands first, then the command's options, and files for all else.
std::string bash_script(const CLI::App& app) {
  std::vector<std::string> commands;
  std::string cases;
  for (const CLI::App* command : app.get_subcommands({})) {
    commands.push_back(command->get_name());
    cases += fmt::format("    {}) words=\"{}\" ;;\n", command->get_name(),
                         fmt::join(option_names(*command), " "));
  }
  return fmt::format(
      "_alert_bench() {{\n"
      "  local words=\"{} --help --version\"\n"
      "  (( COMP_CWORD > 1 )) && case ${{COMP_WORDS[1]}} in\n"
      "{}"
      "  esac\n"
      "  COMPREPLY=($(compgen -W \"$words\" -- \"${{COMP_WORDS[COMP_CWORD]}}\"))\n"
      "}}\n"
      "complete -o default -F _alert_bench alert-bench\n",
      fmt::join(commands, " "), cases);
}

}  // namespace

void add_completion(CLI::App& app) {
  const std::vector<std::string> shells = {"bash", "zsh"};
  auto shell = std::make_shared<std::string>();
  auto* command = app.add_subcommand("completion", "Print a completion script for a shell");
  command->add_option("shell", *shell, "bash or zsh")->required()->check(CLI::IsMember(shells));
  command->callback([&app, shell] {
    if (*shell == "zsh") print("autoload -U +X bashcompinit && bashcompinit\n");
    print(bash_script(app));
  });
}

}  // namespace bench::cli
