import { quote } from "../../program/quote.ts";

/**
 * Where a tree lives on a host. `remote` is a link to the present revision; the revisions are folders beside it, so that
 * making one, and exchanging the link, never crosses a file system:
 *
 *     /srv/salt/states -> .states.bootmachine/4f2a91c07be3-9d01c2
 *     /srv/salt/.states.bootmachine/4f2a91c07be3-9d01c2          the present revision
 *     /srv/salt/.states.bootmachine/4f2a91c07be3-9d01c2.done     made after it: what is newer was changed by hand
 *     /srv/salt/.states.bootmachine/77b0…                        the revision before, for those who still read it
 *     /srv/salt/.states.bootmachine/incoming-…                   an upload under way, or one that was cut off
 */
interface Place {
  readonly remote: string;
  /** The folder of the revisions, as the link says it: ".states.bootmachine". */
  readonly store: string;
}

function placeOf(remote: string): Place & { readonly parent: string; readonly name: string } {
  const at = remote.lastIndexOf("/");
  const [parent, name] = [remote.slice(0, at) || "/", remote.slice(at + 1)];
  return { remote, parent, name, store: `.${name}.bootmachine` };
}

/** Sets bm_now to the name of our present revision, or to nothing. */
function findPresent({ remote, store }: Place): string {
  return `bm_now=
if [ -L ${quote(remote)} ]; then
  bm_now=$(readlink ${quote(remote)})
  case $bm_now in
  ${quote(store)}/*) bm_now=\${bm_now##*/} ;;
  *) bm_now= ;;
  esac
fi`;
}

/** Shell text: exits 0 where the tree in force is of this revision, whoever has touched it since. Changes nothing. */
export function isInForce(remote: string, revision: string): string {
  const { store } = placeOf(remote);
  return `case $(readlink ${quote(remote)} 2>/dev/null) in ${quote(`${store}/${revision}`)}-*) ;; *) false ;; esac`;
}

/**
 * Looks at the tree on the host. Prints "same", or else "NAME" of the present revision (or an empty line where there is
 * none of ours), then what really lies there, each record ended by a NUL byte: SHA-256 sums, an empty record, modes.
 */
export function lookScript(remote: string, revision: string): string {
  const place = placeOf(remote);
  return `cd ${quote(place.parent)} 2>/dev/null || { echo; exit 0; }
# What an upload that was cut off has left.
rm -rf ${quote(place.store)}/incoming-*
${findPresent(place)}
bm_in=${quote(place.store)}/$bm_now
case $bm_now in
${revision}-*)
  # The change time of a file cannot be set by hand: whatever was touched after the mark is newer.
  if [ -e "$bm_in.done" ] && [ -z "$(find "$bm_in/" -cnewer "$bm_in.done" 2>&1 | head -n 1)" ]; then
    echo same
    exit 0
  fi
  ;;
esac
[ -n "$bm_now" ] && cd "$bm_in" || { echo; exit 0; }
echo "$bm_now"
find . -type f -exec sha256sum -z {} + || exit
printf '\\0'
find . -type f -exec stat --printf '%a  %n\\0' {} +
`;
}

/**
 * Makes a new revision and exchanges the link. Standard input: a gzipped tar with `sums` (for sha256sum -c), `keep`
 * (files of the present revision that stay, each ended by a NUL byte) and `tree/` (the files that are new). Prints
 * "aside NAME" where something of this name was there that is not ours.
 */
export function takeScript(take: {
  readonly remote: string;
  /** The revision from which files are kept; "" for none. */
  readonly present: string;
  readonly revision: string;
  readonly nonce: string;
  readonly count: number;
  /** As chown takes it: "salt:", "root:adm". */
  readonly ownership: string;
}): string {
  const place = placeOf(take.remote);
  const next = `${take.revision}-${take.nonce}`;
  return `set -e
umask 022
mkdir -p ${quote(place.parent)}
cd ${quote(place.parent)}
# Here and not by its whole path from now on: the folder keeps its place even if somebody renames one above it.
bm_store=${quote(place.store)}
[ -d "$bm_store" ] || mkdir "$bm_store"
bm_in=$bm_store/incoming-${take.nonce}
trap 'rm -rf "$bm_in"' EXIT
trap 'exit 1' HUP INT TERM
# Nobody else looks in until every file has its mode: some may be secret.
mkdir -m 0700 "$bm_in"
# With the time of now (-m): tools take a file of another revision with the same time for the same file.
tar -C "$bm_in" -xzmpf -
[ -d "$bm_in/tree" ] || mkdir "$bm_in/tree"
if [ -s "$bm_in/keep" ]; then
  (tar -C "$bm_store/${take.present}" --no-recursion --null -T "$PWD/$bm_in/keep" -cf - || echo "the kept files cannot be copied" >"$bm_in/failed") |
    tar -C "$bm_in/tree" -xpf -
  [ ! -e "$bm_in/failed" ]
fi
# All of them, the kept ones too: what goes into force is what lies on the operator's computer, or nothing does.
if [ -s "$bm_in/sums" ]; then (cd "$bm_in/tree" && sha256sum -c --quiet "../sums") >&2; fi
bm_count=$(find "$bm_in/tree" ! -type d | wc -l)
[ "$bm_count" -eq ${take.count} ] || { echo "$bm_count files arrived instead of ${take.count}" >&2; exit 1; }
chmod 0755 "$bm_in/tree"
chown -R ${quote(take.ownership)} "$bm_in/tree"
mv "$bm_in/tree" "$bm_store/${next}"
: >"$bm_store/${next}.done"
if [ -e ${quote(place.name)} ] || [ -L ${quote(place.name)} ]; then
  ${findPresent({ remote: place.name, store: place.store }).replaceAll("\n", "\n  ")}
  if [ -z "$bm_now" ]; then
    bm_aside=${quote(place.name)}.before-bootmachine
    bm_number=1
    while [ -e "$bm_aside" ] || [ -L "$bm_aside" ]; do
      bm_number=$((bm_number + 1))
      bm_aside=${quote(place.name)}.before-bootmachine-$bm_number
    done
    mv ${quote(place.name)} "$bm_aside"
    echo "aside ${place.parent}/$bm_aside"
  fi
fi
ln -s "$bm_store/${next}" "$bm_in/link"
mv -T "$bm_in/link" ${quote(place.name)}
# The revision before stays, for those who have it open.
for bm_old in "$bm_store"/*; do
  case \${bm_old##*/} in
  ${next}|${next}.done|incoming-*) ;;
  ${take.present === "" ? "none" : quote(take.present)}) ;;
  *) rm -rf "$bm_old" ;;
  esac
done
`;
}
