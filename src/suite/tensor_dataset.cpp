#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>

#include "base/files.hpp"
#include "suite/formats.hpp"
#include "suite/runtime.hpp"

namespace bench {
namespace {

/// Refuses what is no file, or too large, before LibTorch reads it.
TensorValues load(const Runtime& libtorch, const std::filesystem::path& file) {
  constexpr std::uint64_t most_bytes = std::uint64_t{4} << 30;
  open_regular(file, most_bytes);
  return libtorch.load_tensor(file);
}

class TensorDataset final : public Dataset {
 public:
  TensorDataset(const Suite& suite, const TensorFiles& files, const Runtime& libtorch)
      : file_(files.items), items_(load(libtorch, files.items)) {
    if (items_.shape.empty()) fail_file(files.items, "must have a dimension of items, has none");
    const TensorValues labels = load(libtorch, files.labels);
    const auto* values = std::get_if<std::vector<std::int64_t>>(&labels.values);
    if (!values || labels.shape.size() != 1)
      fail_file(files.labels, "labels must be a tensor of int64 with 1 dimension");
    if (values->size() != items_.shape[0])
      fail_file(files.labels, fmt::format("has {} labels, but {} has {} items", values->size(),
                                          files.items.string(), items_.shape[0]));
    for (std::size_t i = 0; i < values->size(); ++i) {
      const std::int64_t label = (*values)[i];
      if (label < 0 || static_cast<std::uint64_t>(label) >= suite.classes)
        fail_file(files.labels, fmt::format("label of item {} is {}, but the suite has {} classes",
                                            i, label, suite.classes));
      labels_.push_back(static_cast<std::uint32_t>(label));
    }
    item_size_ = std::accumulate(items_.shape.begin() + 1, items_.shape.end(), std::size_t{1},
                                 std::multiplies<>());
  }

  std::size_t size() const override { return labels_.size(); }

  Burst burst(std::span<const std::size_t> items, std::size_t) const override {
    Burst burst;
    burst.shape = items_.shape;
    burst.shape[0] = items.size();
    for (const std::size_t item : items) burst.labels.push_back(labels_[item]);
    std::visit(
        [&]<typename T>(const std::vector<T>& all) {
          std::vector<T> values;
          values.reserve(items.size() * item_size_);
          for (const std::size_t item : items) {
            const auto first = all.begin() + static_cast<std::ptrdiff_t>(item * item_size_);
            values.insert(values.end(), first, first + static_cast<std::ptrdiff_t>(item_size_));
          }
          burst.values = std::move(values);
        },
        items_.values);
    return burst;
  }

  std::string describe(std::size_t item) const override {
    return fmt::format("item {} of {}", item, file_.string());
  }

 private:
  std::filesystem::path file_;
  TensorValues items_;
  std::size_t item_size_ = 0;
  std::vector<std::uint32_t> labels_;
};

}  // namespace

std::unique_ptr<Dataset> open_tensor_dataset(const Suite& suite, const TensorFiles& files,
                                             std::size_t threads) {
  return std::make_unique<TensorDataset>(suite, files, runtime(threads));
}

}  // namespace bench
