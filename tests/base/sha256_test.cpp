#include "base/sha256.hpp"

#include "base/error.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

using namespace bench;

TEST_CASE("SHA-256 of the standard's examples") {
  const test::TemporaryFolder folder;
  const auto sha256 = [&](std::string_view content) {
    return sha256_hex(folder.write("file", content));
  };
  CHECK(sha256("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(sha256("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ==
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  CHECK(sha256(std::string(1'000'000, 'a')) ==
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("SHA-256 of what cannot be read") {
  const test::TemporaryFolder folder;
  CHECK_THROWS_AS(sha256_hex(folder.path() / "absent"), InputError);
  CHECK_THROWS_WITH(sha256_hex(folder.path()),
                    folder.path().string() + ": cannot read this file: Is a directory");
}
