#include "runtime/identity/identity.hpp"

#include "models/checkpoint/atomic_file.hpp"
#include "models/errors.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include <openssl/x509_vfy.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <span>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace caps {

namespace fs = std::filesystem;

namespace {

using namespace std::chrono_literals;

constexpr auto certificate_life = std::chrono::hours{24 * 365};
constexpr auto token_life = 10min;
constexpr size_t host_name_max = 64;
constexpr size_t secret_bytes = 16;

std::string read_text(const fs::path& file) {
  std::ifstream in{file, std::ios::binary};
  if (!in)
    throw input_error(fmt::format("{}: {}", file.string(),
                                  std::strerror(errno)));
  return {std::istreambuf_iterator<char>{in}, {}};
}

/// Writes a file that only its owner can read.
void write_secret(const fs::path& path, std::string_view text) {
  auto file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
                     0600);
  auto ok = file >= 0
            && ::write(file, text.data(), text.size())
                 == static_cast<ssize_t>(text.size());
  auto problem = errno;
  if (file >= 0)
    ::close(file);
  if (!ok)
    throw input_error(fmt::format("{}: {}", path.string(),
                                  std::strerror(problem)));
}

void write_public(const fs::path& path, std::string_view text) {
  atomic_file out{path};
  out.write(std::as_bytes(std::span{text}));
  out.commit();
}

/// Makes a folder for its owner alone, unless it is there and empty.
void make_identity_folder(const fs::path& folder) {
  std::error_code problem;
  fs::create_directories(folder, problem);
  if (problem)
    throw input_error(fmt::format("{}: {}", folder.string(),
                                  problem.message()));
  if (!fs::is_empty(folder))
    throw input_error(folder.string() + ": is not empty");
  fs::permissions(folder, fs::perms::owner_all);
}

/// Keys that others can read are no secret any more.
void check_secret(const fs::path& file) {
  struct stat facts{};
  if (::stat(file.c_str(), &facts) != 0)
    throw input_error(fmt::format("{}: {}; `caps_runtime cluster init` makes "
                                  "an identity, `cluster add` takes in a host",
                                  file.string(), std::strerror(errno)));
  if ((facts.st_mode & 077) != 0)
    throw input_error(fmt::format("{}: others may read it (mode {:04o}); "
                                  "chmod 600 and think about who has",
                                  file.string(), facts.st_mode & 07777));
}

/// Throws `input_error` unless the certificate is good now.
void check_certificate(const identity& x, const std::string& where) {
  auto store = X509_STORE_new();
  X509_STORE_add_cert(store, x.authority.get());
  auto context = X509_STORE_CTX_new();
  X509_STORE_CTX_init(context, store, x.certificate.get(), nullptr);
  auto ok = X509_verify_cert(context) == 1;
  std::string why
    = X509_verify_cert_error_string(X509_STORE_CTX_get_error(context));
  X509_STORE_CTX_free(context);
  X509_STORE_free(store);
  if (!ok)
    throw input_error(
      fmt::format("{}: {} (it is good from {}; is the clock of this machine "
                  "right?)",
                  where, why, validity_of(x.certificate.get())));
  if (X509_check_private_key(x.certificate.get(), x.key.get()) != 1)
    throw input_error(where + ": does not belong to host.key");
}

fs::path token_file(const fs::path& folder, const std::string& secret) {
  return folder / "tokens" / sha256_of(secret);
}

/// The certificate of a host (PEM), by the authority whose key is in a folder.
std::string issue_host(const fs::path& folder, const std::string& name,
                       EVP_PKEY* key) {
  auto key_file = folder / "authority.key";
  check_secret(key_file);
  auto authority_key = key_from(read_text(key_file), key_file.string());
  auto own = load_identity(folder);
  return to_pem(issue_certificate(own.authority.get(), authority_key.get(),
                                  key, {name, cluster_role::host},
                                  certificate_life)
                  .get());
}

int64_t unix_time() {
  return std::chrono::duration_cast<std::chrono::seconds>(
           std::chrono::system_clock::now().time_since_epoch())
    .count();
}

bool is_hexadecimal(std::string_view x) {
  return std::ranges::all_of(x, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
  });
}

} // namespace

void check_host_name(const std::string& name) {
  auto known = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
           || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
  };
  if (name.empty() || name.size() > host_name_max || name.front() == '.'
      || !std::ranges::all_of(name, known))
    throw input_error(fmt::format("'{}': expected the name of a host: letters, "
                                  "digits, '.', '-' and '_', at most {}",
                                  name, host_name_max));
}

void make_cluster(const fs::path& folder, const std::string& head_name) {
  check_host_name(head_name);
  make_identity_folder(folder);
  auto authority_key = make_key();
  auto authority = make_authority(authority_key.get());
  auto key = make_key();
  auto certificate
    = issue_certificate(authority.get(), authority_key.get(), key.get(),
                        {head_name, cluster_role::head}, certificate_life);
  write_secret(folder / "authority.key", to_pem(authority_key.get()));
  fs::create_directory(folder / "tokens");
  fs::permissions(folder / "tokens", fs::perms::owner_all);
  write_secret(folder / "host.key", to_pem(key.get()));
  write_public(folder / "authority.pem", to_pem(authority.get()));
  write_public(folder / "host.pem", to_pem(certificate.get()));
}

identity load_identity(const fs::path& folder) {
  check_secret(folder / "host.key");
  auto load = [&](const char* name) {
    auto file = folder / name;
    return certificate_from(read_text(file), file.string());
  };
  identity result;
  result.authority = load("authority.pem");
  result.certificate = load("host.pem");
  auto key_file = folder / "host.key";
  result.key = key_from(read_text(key_file), key_file.string());
  auto where = (folder / "host.pem").string();
  check_certificate(result, where);
  try {
    result.subject = subject_of(result.certificate.get());
  } catch (const error& e) {
    throw input_error(where + ": " + e.what());
  }
  return result;
}

void store_identity(const fs::path& folder, const std::string& authority_pem,
                    const std::string& certificate_pem, EVP_PKEY* key) {
  make_identity_folder(folder);
  write_secret(folder / "host.key", to_pem(key));
  write_public(folder / "authority.pem", authority_pem);
  write_public(folder / "host.pem", certificate_pem);
}

void make_host(const fs::path& cluster, const std::string& host_name,
               const fs::path& folder) {
  check_host_name(host_name);
  auto key = make_key();
  auto certificate = issue_host(cluster, host_name, key.get());
  store_identity(folder, read_text(cluster / "authority.pem"), certificate,
                 key.get());
}

host_token token_from(const std::string& text) {
  auto dot = text.find('.');
  host_token result{text.substr(0, dot),
                    dot == text.npos ? "" : text.substr(dot + 1)};
  if (result.secret.size() != 2 * secret_bytes
      || result.authority_fingerprint.size() != 64
      || !is_hexadecimal(result.secret)
      || !is_hexadecimal(result.authority_fingerprint))
    throw input_error("--token: expected what `caps_runtime cluster add` "
                      "printed");
  return result;
}

host_token invite(const fs::path& folder, const std::string& host_name) {
  check_host_name(host_name);
  check_secret(folder / "authority.key");
  auto own = load_identity(folder);
  host_token result{random_secret(secret_bytes),
                    fingerprint_of(own.authority.get())};
  nlohmann::json content;
  content["host"] = host_name;
  content["expires"]
    = unix_time() + std::chrono::seconds{token_life}.count();
  write_secret(token_file(folder, result.secret), content.dump());
  return result;
}

std::string take_in(const fs::path& folder, const std::string& secret,
                    const std::string& public_pem) {
  auto file = token_file(folder, secret);
  // Whoever gets to rename it has used it up.
  auto used = file;
  used += "." + random_secret(4);
  std::error_code problem;
  fs::rename(file, used, problem);
  if (problem)
    throw input_error("there is no such token; it may have been used");
  auto content = nlohmann::json::parse(read_text(used), nullptr, false);
  fs::remove(used, problem);
  if (!content.is_object() || !content.contains("host")
      || content.value("expires", int64_t{0}) < unix_time())
    throw input_error("the token is older than ten minutes; `caps_runtime "
                      "cluster add` makes a new one");
  auto name = content["host"].get<std::string>();
  auto key = public_key_from(public_pem, "the key of host " + name);
  return issue_host(folder, name, key.get());
}

} // namespace caps
