import { describe, expect, test } from "vitest";

import { httpProxyOf, parseAptAcquire } from "../../../src/providers/local/apt-settings.ts";
import {
  findDebianSources,
  parseClassicSources,
  parseDeb822Sources,
  renderSources,
} from "../../../src/providers/local/apt-sources.ts";

const CLASSIC = `
# a comment
deb http://mirror.example.org/debian/ bookworm main contrib non-free-firmware # the archive
deb-src http://mirror.example.org/debian bookworm main
deb http://mirror.example.org/debian bookworm-updates main
deb [arch=amd64 signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://security.example.org/debian-security bookworm-security main
deb [signed-by=/etc/apt/keyrings/docker.asc arch=amd64] https://download.example.com/linux/debian bookworm stable
deb [signed-by=/usr/share/keyrings/other.gpg] https://packages.example.com/php bookworm main
deb https://apt.example.com/pg bookworm-pgdg main
`;

const DEB822 = `Types: deb deb-src
URIs: https://mirror.example.org/debian
Suites: trixie trixie-updates
Components: main
# the key
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: https://mirror.example.org/debian-security/
Suites:
 trixie-security
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: https://third.example.com/node
Suites: trixie
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 abc
 -----END PGP PUBLIC KEY BLOCK-----

Enabled: no
Types: deb
URIs: http://off.example.org/debian
Suites: bookworm
Components: main
`;

describe("sources of packages", () => {
  test("the classic form: Debian is told from third parties", () => {
    const entries = parseClassicSources(CLASSIC);
    expect(entries).toHaveLength(6);
    expect(entries[2]).toEqual({
      uri: "http://security.example.org/debian-security",
      suite: "bookworm-security",
      components: ["main"],
      signedBy: "/usr/share/keyrings/debian-archive-keyring.gpg",
    });
    expect(findDebianSources(entries)).toEqual({
      archive: "http://mirror.example.org/debian",
      security: "http://security.example.org/debian-security",
      components: ["main", "contrib", "non-free-firmware"],
    });
  });

  test("the deb822 form: several suites, folded fields, embedded keys, what is switched off", () => {
    const entries = parseDeb822Sources(DEB822);
    expect(entries.map((entry) => entry.suite)).toEqual([
      "trixie",
      "trixie-updates",
      "trixie-security",
      "trixie",
    ]);
    expect(findDebianSources(entries)).toEqual({
      archive: "https://mirror.example.org/debian",
      security: "https://mirror.example.org/debian-security",
      components: ["main"],
    });
  });

  test("no Debian, no guess", () => {
    const ubuntu = "deb http://archive.example.com/ubuntu noble main\n";
    expect(findDebianSources(parseClassicSources(ubuntu))).toBeUndefined();
    const thirdOnly = "deb [signed-by=/k.gpg] https://packages.example.com/debian bookworm main\n";
    expect(findDebianSources(parseClassicSources(thirdOnly))).toBeUndefined();
  });

  test("what a server gets", () => {
    const sources = {
      archive: "http://m/debian",
      security: "http://s/debian-security",
      components: ["main", "non-free-firmware"],
    };
    expect(renderSources(sources, "trixie")).toBe(`Types: deb
URIs: http://m/debian
Suites: trixie trixie-updates
Components: main non-free-firmware
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://s/debian-security
Suites: trixie-security
Components: main non-free-firmware
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
`);
    expect(renderSources(sources, "bullseye")).not.toContain("non-free-firmware");
    expect(parseDeb822Sources(renderSources(sources, "trixie"))).toHaveLength(3);
  });

  test("apt's proxies and date checks are taken over, nothing else", () => {
    const dump = `Acquire::http "";
Acquire::http::Proxy "http://proxy.example.org:3128/";
Acquire::http::Proxy::mirror.example.org "DIRECT";
Acquire::https::Proxy "http://proxy.example.org:3129/";
Acquire::Check-Valid-Until "false";
Acquire::Languages:: "none";
`;
    const acquire = parseAptAcquire(dump);
    expect(acquire).toEqual([
      'Acquire::http::Proxy "http://proxy.example.org:3128/"',
      'Acquire::http::Proxy::mirror.example.org "DIRECT"',
      'Acquire::https::Proxy "http://proxy.example.org:3129/"',
      'Acquire::Check-Valid-Until "false"',
    ]);
    expect(httpProxyOf(acquire)).toBe("http://proxy.example.org:3128/");
    expect(httpProxyOf(['Acquire::http::Proxy "DIRECT"'])).toBeUndefined();
    expect(httpProxyOf([])).toBeUndefined();
  });
});
