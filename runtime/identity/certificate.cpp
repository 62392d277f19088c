#include "runtime/identity/certificate.hpp"

#include "models/errors.hpp"

#include <openssl/asn1.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <array>
#include <ctime>
#include <vector>

namespace caps {

namespace {

using std::chrono::hours;
using std::chrono::seconds;

constexpr auto authority_life = hours{24 * 3650};

/// Clocks of hosts that agree to some minutes are as good as equal.
constexpr auto clock_tolerance = std::chrono::minutes{5};

std::string hexadecimal(std::span<const unsigned char> bytes) {
  std::string result;
  for (auto x : bytes)
    result += fmt::format("{:02x}", x);
  return result;
}

/// A certificate with everything but its extensions and its signature.
openssl_ptr<X509> blank_certificate(EVP_PKEY* key, hours life) {
  openssl_ptr<X509> result{X509_new()};
  std::array<unsigned char, 16> serial{};
  if (result == nullptr || RAND_bytes(serial.data(), serial.size()) != 1)
    throw_openssl("cannot make a certificate");
  serial[0] &= 0x7f;
  auto number = BN_bin2bn(serial.data(), serial.size(), nullptr);
  BN_to_ASN1_INTEGER(number, X509_get_serialNumber(result.get()));
  BN_free(number);
  X509_set_version(result.get(), X509_VERSION_3);
  X509_gmtime_adj(X509_getm_notBefore(result.get()),
                  -static_cast<long>(seconds{clock_tolerance}.count()));
  X509_gmtime_adj(X509_getm_notAfter(result.get()),
                  static_cast<long>(seconds{life}.count()));
  if (X509_set_pubkey(result.get(), key) != 1)
    throw_openssl("cannot make a certificate");
  return result;
}

void add_name(X509_NAME* name, const char* field, std::string_view text) {
  if (X509_NAME_add_entry_by_txt(
        name, field, MBSTRING_UTF8,
        reinterpret_cast<const unsigned char*>(text.data()),
        static_cast<int>(text.size()), -1, 0)
      != 1)
    throw_openssl(fmt::format("cannot make a certificate for '{}'", text));
}

void add_extension(X509* target, X509* issuer, int kind, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, target, nullptr, nullptr, 0);
  auto extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value);
  if (extension == nullptr)
    throw_openssl("cannot make a certificate");
  X509_add_ext(target, extension, -1);
  X509_EXTENSION_free(extension);
}

void sign(X509* x, EVP_PKEY* key) {
  if (X509_sign(x, key, EVP_sha256()) == 0)
    throw_openssl("cannot sign a certificate");
}

std::string field_of(X509* x, int field) {
  auto name = X509_get_subject_name(x);
  auto i = X509_NAME_get_index_by_NID(name, field, -1);
  if (i < 0)
    return {};
  auto text = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, i));
  unsigned char* bytes = nullptr;
  auto length = ASN1_STRING_to_UTF8(&bytes, text);
  if (length < 0)
    return {};
  std::string result{reinterpret_cast<char*>(bytes),
                     static_cast<size_t>(length)};
  OPENSSL_free(bytes);
  return result;
}

std::string content_of(BIO* x) {
  char* data = nullptr;
  auto length = BIO_get_mem_data(x, &data);
  return {data, static_cast<size_t>(length)};
}

openssl_ptr<BIO> reader_of(std::string_view text) {
  return openssl_ptr<BIO>{
    BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))};
}

template <class Write>
std::string written(Write write) {
  openssl_ptr<BIO> out{BIO_new(BIO_s_mem())};
  if (write(out.get()) != 1)
    throw_openssl("cannot write a key or certificate");
  return content_of(out.get());
}

std::string time_text(const ASN1_TIME* x) {
  std::tm result{};
  ASN1_TIME_to_tm(x, &result);
  return fmt::format("{:%Y-%m-%d %H:%M}", result);
}

} // namespace

std::string_view to_string(cluster_role x) noexcept {
  return x == cluster_role::head ? "head" : "host";
}

openssl_ptr<EVP_PKEY> make_key() {
  openssl_ptr<EVP_PKEY> result{EVP_EC_gen("P-256")};
  if (result == nullptr)
    throw_openssl("cannot make a key");
  return result;
}

openssl_ptr<X509> make_authority(EVP_PKEY* key) {
  auto result = blank_certificate(key, authority_life);
  auto name = X509_get_subject_name(result.get());
  add_name(name, "O", "CaPS");
  add_name(name, "CN", "authority " + random_secret(4));
  X509_set_issuer_name(result.get(), name);
  add_extension(result.get(), result.get(), NID_basic_constraints,
                "critical,CA:TRUE,pathlen:0");
  add_extension(result.get(), result.get(), NID_key_usage,
                "critical,keyCertSign");
  sign(result.get(), key);
  return result;
}

openssl_ptr<X509> issue_certificate(X509* authority, EVP_PKEY* authority_key,
                                    EVP_PKEY* key,
                                    const certificate_subject& subject,
                                    hours life) {
  auto result = blank_certificate(key, life);
  auto name = X509_get_subject_name(result.get());
  add_name(name, "O", "CaPS");
  add_name(name, "OU", to_string(subject.role));
  add_name(name, "CN", subject.name);
  X509_set_issuer_name(result.get(), X509_get_subject_name(authority));
  add_extension(result.get(), authority, NID_basic_constraints,
                "critical,CA:FALSE");
  add_extension(result.get(), authority, NID_key_usage,
                "critical,digitalSignature");
  add_extension(result.get(), authority, NID_ext_key_usage,
                "serverAuth,clientAuth");
  sign(result.get(), authority_key);
  return result;
}

certificate_subject subject_of(X509* x) {
  certificate_subject result;
  result.name = field_of(x, NID_commonName);
  auto role = field_of(x, NID_organizationalUnitName);
  if (result.name.empty()
      || (role != to_string(cluster_role::head)
          && role != to_string(cluster_role::host)))
    throw error("a certificate that is not of a host of a cluster");
  result.role = role == to_string(cluster_role::head) ? cluster_role::head
                                                      : cluster_role::host;
  return result;
}

std::string fingerprint_of(X509* x) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
  unsigned length = 0;
  if (X509_digest(x, EVP_sha256(), bytes.data(), &length) != 1)
    throw_openssl("cannot take the digest of a certificate");
  return hexadecimal(std::span{bytes}.first(length));
}

std::string validity_of(X509* x) {
  return fmt::format("{} to {} UTC", time_text(X509_get0_notBefore(x)),
                     time_text(X509_get0_notAfter(x)));
}

std::string to_pem(X509* x) {
  return written([&](BIO* out) { return PEM_write_bio_X509(out, x); });
}

std::string to_pem(EVP_PKEY* key) {
  return written([&](BIO* out) {
    return PEM_write_bio_PrivateKey(out, key, nullptr, nullptr, 0, nullptr,
                                    nullptr);
  });
}

std::string public_to_pem(EVP_PKEY* key) {
  return written([&](BIO* out) { return PEM_write_bio_PUBKEY(out, key); });
}

openssl_ptr<X509> certificate_from(std::string_view pem,
                                   const std::string& what) {
  openssl_ptr<X509> result{PEM_read_bio_X509(reader_of(pem).get(), nullptr,
                                             nullptr, nullptr)};
  if (result == nullptr)
    throw_openssl(what + ": no certificate (PEM)");
  return result;
}

openssl_ptr<EVP_PKEY> key_from(std::string_view pem, const std::string& what) {
  openssl_ptr<EVP_PKEY> result{PEM_read_bio_PrivateKey(
    reader_of(pem).get(), nullptr, nullptr, nullptr)};
  if (result == nullptr)
    throw_openssl(what + ": no private key (PEM)");
  return result;
}

openssl_ptr<EVP_PKEY> public_key_from(std::string_view pem,
                                      const std::string& what) {
  openssl_ptr<EVP_PKEY> result{PEM_read_bio_PUBKEY(reader_of(pem).get(),
                                                   nullptr, nullptr, nullptr)};
  if (result == nullptr)
    throw_openssl(what + ": no public key (PEM)");
  return result;
}

std::string random_secret(size_t bytes) {
  std::vector<unsigned char> result(bytes);
  if (RAND_bytes(result.data(), static_cast<int>(bytes)) != 1)
    throw_openssl("cannot get random bytes");
  return hexadecimal(result);
}

std::string sha256_of(std::string_view text) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> bytes{};
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(),
         bytes.data());
  return hexadecimal(bytes);
}

} // namespace caps
