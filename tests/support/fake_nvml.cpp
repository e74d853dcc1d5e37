// A libnvidia-ml.so for tests: one board whose numbers are files in the folder that the environment
// variable FAKE_NVML_BOARD names: energy (mJ), power and limit (mW); one that is missing is not
// supported. Files "refuse" and "ignore" say how the limit is set, "boards" how many there seem to
// be; with "count" the energy rises at every reading.
#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

enum { success = 0, uninitialized = 1, not_supported = 3, no_permission = 4, not_found = 6 };

bool initialized = false;

std::string file(const char* name) {
  const char* folder = std::getenv("FAKE_NVML_BOARD");
  return std::string(folder ? folder : "/nowhere") + "/" + name;
}

template <typename Number>
int read(const char* name, Number* value) {
  if (!initialized) return uninitialized;
  std::FILE* in = std::fopen(file(name).c_str(), "r");
  if (!in) return not_supported;
  unsigned long long number = 0;
  const int fields = std::fscanf(in, "%llu", &number);
  std::fclose(in);
  *value = static_cast<Number>(number);
  return fields == 1 ? success : not_supported;
}

}  // namespace

extern "C" {

int nvmlInit_v2() {
  initialized = std::getenv("FAKE_NVML_BOARD") != nullptr;
  return initialized ? success : 9;
}
int nvmlShutdown() { return success; }
const char* nvmlErrorString(int code) {
  return code == not_supported   ? "Not Supported"
         : code == no_permission ? "Insufficient Permissions"
         : code == 9             ? "Driver Not Loaded"
                                 : "Unknown Error";
}
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void** board) {
  *board = &initialized;
  return index == 0 ? success : not_found;
}
int nvmlDeviceGetHandleByUUID(const char* uuid, void** board) {
  *board = &initialized;
  return std::string(uuid) == "GPU-fake" ? success : not_found;
}
int nvmlDeviceGetCount_v2(unsigned* boards) {
  *boards = 1;
  read("boards", boards);
  return success;
}
int nvmlDeviceGetUUID(void*, char* text, unsigned size) {
  std::snprintf(text, size, "GPU-fake");
  return success;
}
int nvmlDeviceGetName(void*, char* text, unsigned size) {
  std::snprintf(text, size, "Fake Board");
  return success;
}
int nvmlDeviceGetTotalEnergyConsumption(void*, unsigned long long* millijoules) {
  static unsigned long long counted = 0;
  unsigned ignored = 0;
  if (read("count", &ignored) == success) ++counted;
  const int code = read("energy", millijoules);
  *millijoules += counted;
  return code;
}
int nvmlDeviceGetPowerUsage(void*, unsigned* milliwatts) { return read("power", milliwatts); }
int nvmlDeviceGetPowerManagementLimit(void*, unsigned* milliwatts) {
  return read("limit", milliwatts);
}
int nvmlDeviceGetPowerManagementLimitConstraints(void*, unsigned* least, unsigned* greatest) {
  *least = 100'000;
  *greatest = 300'000;
  return success;
}
int nvmlDeviceSetPowerManagementLimit(void*, unsigned milliwatts) {
  unsigned ignored = 0;
  if (read("refuse", &ignored) == success) return no_permission;
  if (read("ignore", &ignored) == success) return success;
  std::FILE* out = std::fopen(file("limit").c_str(), "w");
  if (!out) return not_supported;
  std::fprintf(out, "%u\n", milliwatts);
  std::fclose(out);
  return success;
}

}  // extern "C"
