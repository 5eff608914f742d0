/** The shell text that takes a file from standard input and puts it in place only when it is whole. */
export function uploadScript(file: {
  readonly path: string;
  /** Octal text. */
  readonly mode: string;
  /** As `cksum` prints it. */
  readonly checksum: number;
  readonly bytes: number;
  /** Makes the temporary name unique. */
  readonly suffix: string;
}): string {
  const path = `'${file.path.replaceAll("'", `'\\''`)}'`;
  return `bm_path=${path}
bm_new=$bm_path.bm-${file.suffix}
umask 077
if test -d "$bm_path"; then echo "$bm_path is a directory" >&2; exit 73; fi
trap 'rm -f "$bm_new"' EXIT
cat >"$bm_new" || exit 74
set -- $(cksum <"$bm_new")
if test "$1 $2" != "${file.checksum} ${file.bytes}"; then
  echo "only $2 of ${file.bytes} bytes arrived whole" >&2
  exit 75
fi
chmod ${file.mode} "$bm_new" && mv -f "$bm_new" "$bm_path" || exit 76
trap - EXIT
`;
}
