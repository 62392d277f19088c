#include "tests/support/catch.hpp"

#include "models/errors.hpp"
#include "runtime/identity/identity.hpp"
#include "tests/support/files.hpp"

#include <nlohmann/json.hpp>

#include <openssl/x509.h>

using namespace caps;
using namespace caps::test;
namespace fs = std::filesystem;

namespace {

fs::perms mode_of(const fs::path& x) {
  return fs::status(x).permissions();
}

/// A key, as it goes to the head.
std::string public_key() {
  return public_to_pem(make_key().get());
}

} // namespace

TEST_CASE("a cluster has an authority and a head", "[identity]") {
  temporary_folder folder;
  make_cluster(folder / "cluster", "head.lab");
  auto own = load_identity(folder / "cluster");
  CHECK(own.subject.name == "head.lab");
  CHECK(own.subject.role == cluster_role::head);
  constexpr auto secret = fs::perms::owner_read | fs::perms::owner_write;
  CHECK(mode_of(folder / "cluster/host.key") == secret);
  CHECK(mode_of(folder / "cluster/authority.key") == secret);
  CHECK(mode_of(folder / "cluster") == fs::perms::owner_all);
  CHECK_THROWS_WITH(make_cluster(folder / "cluster", "head"),
                    contains("is not empty"));
  CHECK_THROWS_WITH(make_cluster(folder / "other", "no host"),
                    contains("expected the name of a host"));
}

TEST_CASE("a token takes one host in, once", "[identity]") {
  temporary_folder folder;
  auto head = folder / "cluster";
  make_cluster(head, "head");
  auto token = token_from(invite(head, "b").text());
  auto own = load_identity(head);
  CHECK(token.authority_fingerprint == fingerprint_of(own.authority.get()));
  auto key = make_key();
  auto certificate = take_in(head, token.secret, public_to_pem(key.get()));
  store_identity(folder / "b", read_text(head / "authority.pem"), certificate,
                 key.get());
  auto host = load_identity(folder / "b");
  CHECK(host.subject.name == "b");
  CHECK(host.subject.role == cluster_role::host);
  CHECK_THROWS_WITH(take_in(head, token.secret, public_key()),
                    contains("there is no such token"));
  CHECK_THROWS_WITH(take_in(head, std::string(32, '0'), public_key()),
                    contains("there is no such token"));
  // A host is no head: it invites nobody.
  CHECK_THROWS_AS(invite(folder / "b", "c"), input_error);
  CHECK_THROWS_AS(token_from("a.b"), input_error);
}

TEST_CASE("a token is good for ten minutes", "[identity]") {
  temporary_folder folder;
  auto head = folder / "cluster";
  make_cluster(head, "head");
  auto token = invite(head, "b");
  auto file = fs::directory_iterator{head / "tokens"}->path();
  auto content = nlohmann::json::parse(read_text(file));
  content["expires"] = content["expires"].get<int64_t>() - 601;
  write_text(file, content.dump());
  CHECK_THROWS_WITH(take_in(head, token.secret, public_key()),
                    contains("older than ten minutes"));
}

TEST_CASE("an identity that cannot be used says why", "[identity]") {
  temporary_folder folder;
  auto head = folder / "cluster";
  CHECK_THROWS_WITH(load_identity(head), contains("cluster init"));
  make_cluster(head, "head");
  SECTION("others may read the key") {
    fs::permissions(head / "host.key", fs::perms{0644});
    CHECK_THROWS_WITH(load_identity(head), contains("others may read it"));
  }
  SECTION("no certificate") {
    write_text(head / "host.pem", "nonsense");
    CHECK_THROWS_WITH(load_identity(head), contains("no certificate"));
  }
  SECTION("of another authority") {
    make_cluster(folder / "other", "head");
    fs::copy_file(folder / "other/host.pem", head / "host.pem",
                  fs::copy_options::overwrite_existing);
    CHECK_THROWS_AS(load_identity(head), input_error);
  }
  SECTION("of another key") {
    fs::copy_file(head / "authority.key", head / "host.key",
                  fs::copy_options::overwrite_existing);
    CHECK_THROWS_WITH(load_identity(head), contains("does not belong"));
  }
  SECTION("not good yet: this clock is an hour behind") {
    auto own = load_identity(head);
    auto authority_key = key_from(read_text(head / "authority.key"), "key");
    X509_gmtime_adj(X509_getm_notBefore(own.certificate.get()), 3600);
    X509_sign(own.certificate.get(), authority_key.get(), EVP_sha256());
    write_text(head / "host.pem", to_pem(own.certificate.get()));
    CHECK_THROWS_WITH(load_identity(head),
                      contains("not yet valid")
                        && contains("is the clock of this machine right?"));
  }
}
