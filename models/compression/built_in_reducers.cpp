#include "models/compression/caps_reducer.hpp"
#include "models/compression/compressing_reducer.hpp"

namespace caps {

namespace {

class no_reducer_recipe final : public reducer_recipe {
public:
  std::unique_ptr<reducer> make(const parameter_layout&,
                                random_stream&) const override {
    return nullptr;
  }
};

} // namespace

registry<reducer_recipe> built_in_reducers() {
  registry<reducer_recipe> result{"compressor"};
  auto compressors = built_in_compressors();
  for (const auto& x : compressors.entries()) {
    if (x.name == "none")
      result.add({x.name, "sends everything",
                  [] { return std::make_unique<no_reducer_recipe>(); }});
    else
      result.add(
        {x.name, x.doc, [make = x.recipe] { return compressing(make()); }});
  }
  result.add({"caps",
              "convergence-aware parameter skipping: leaves out layers, or "
              "blocks of them, that have all but stopped changing (CaPS-Learn)",
              caps_skipping});
  return result;
}

} // namespace caps
