#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The manual against the libraries and itself:
#
#   - each public header diesel/NAME.h has its page, docs/NAME.md or else one or more
#     that name it; there is a program that tests/docs.sh compiles, and each function
#     of the header is named;
#   - docs/switching.md names each public function, or the header with all of its own;
#   - docs/README.md leads to every page, and docs/include.am lists it;
#   - no link within the project is dead;
#   - nothing is wrong with the form of the tools' manual pages.
#
# A function is named by its whole name, or by its end in a list of several:
# `diesel_mutex_lock`, `_unlock`. Those behind a macro, such as dredis_call_array(), are
# named by the macro. `make check` gives top_srcdir.
# shellcheck disable=SC2046,SC2086 # no path and no name has spaces
set -eu
: "${top_srcdir:?}"
LC_ALL=C
export LC_ALL
cd "$top_srcdir"

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM

# HEADER FUNCTION, for each function that a library exports.
for library in core redis mongo; do
    for header in "$library"/diesel/*.h; do
        sed -e :more -e '/^#.*\\$/{' -e N -e 'b more' -e '}' -e '/^#/d' "$header" |
            awk -v list="$library/libdiesel-$library.syms" -v header="${header##*/}" '
                BEGIN { while ((getline name < list) > 0) public[name] = 1 }
                { gsub(/\/\*[^*]*\*\//, "") }
                /\/\*/ { comment = 1 }
                !comment {
                    line = $0
                    while (match(line, /[a-z_0-9]+\(/)) {
                        name = substr(line, RSTART, RLENGTH - 1)
                        if (name in public)
                            print header, name
                        line = substr(line, RSTART + RLENGTH)
                    }
                }
                /\*\// { comment = 0 }'
    done
done | sort -u > "$dir/functions"

failed=0
complain() {
    echo "$*"
    failed=1
}

cat core/*.syms redis/*.syms mongo/*.syms | sort > "$dir/exported"
missing=$(cut -d ' ' -f 2 "$dir/functions" | sort -u | comm -13 - "$dir/exported")
[ -z "$missing" ] || complain "in no header:" $missing

# The public functions that a page names. A name that begins with "_" continues the
# whole name before it, from any of its underscores on; one that ends with "*"
# stands for all that begin so.
named() {
    grep -o '`[^`]*`' "$1" | awk -v list="$dir/functions" '
        BEGIN { while ((getline line < list) > 0) { split(line, f, " "); public[f[2]] = 1 } }
        function find(name) {
            if (name in public) print name
            if (name "_array" in public) print name "_array"
            if (name "_value" in public) print name "_value"
            if (name "_values" in public) print name "_values"
        }
        {
            gsub(/[`,;()]/, " ")
            n = split($0, word, /[ ]+/)
            for (i = 1; i <= n; i++) {
                w = word[i]
                if (w ~ /^d[a-z]*_[a-z_0-9]+\*$/) {
                    for (name in public)
                        if (index(name, substr(w, 1, length(w) - 1)) == 1)
                            print name
                } else if (w ~ /^d[a-z]*_[a-z_0-9]+$/) {
                    whole = w
                    find(w)
                } else if (w ~ /^_[a-z_0-9]+$/) {
                    for (at = length(whole); at > 0; at--)
                        if (substr(whole, at, 1) == "_")
                            find(substr(whole, 1, at - 1) w)
                    find(whole w)
                }
            }
        }' | sort -u
}

for path in core/diesel/*.h redis/diesel/*.h mongo/diesel/*.h; do
    header=${path##*/}
    if [ -f "docs/${header%.h}.md" ]; then
        pages=docs/${header%.h}.md
        grep -q "<diesel/$header>" "$pages" || complain "$pages does not name <diesel/$header>"
    else
        pages=$(grep -l "<diesel/$header>" docs/*.md | grep -v /switching.md || :)
    fi
    if [ -z "$pages" ]; then
        complain "<diesel/$header> has no page"
        continue
    fi
    grep -q '^int main(' $pages || complain "<diesel/$header> has no program in" $pages
    sed -n "s/^$header //p" "$dir/functions" > "$dir/here"
    missing=$(for page in $pages; do named "$page"; done | sort -u | comm -13 - "$dir/here")
    [ -z "$missing" ] || complain "<diesel/$header>:" $pages "does not name" $missing
done

{
    named docs/switching.md
    grep -o '<diesel/[a-z_]*\.h>' docs/switching.md | sed 's|<diesel/\(.*\)>|\1|' |
        while read -r header; do sed -n "s/^$header //p" "$dir/functions"; done
} | sort -u > "$dir/switching"
missing=$(cut -d ' ' -f 2 "$dir/functions" | sort -u | comm -13 "$dir/switching" -)
[ -z "$missing" ] || complain "docs/switching.md does not name:" $missing

# FILE TARGET, for each link to a file of the project.
find docs -name '*.md' | sort > "$dir/pages"
for file in *.md $(cat "$dir/pages"); do
    awk -v file="$file" '
        /^```/ { code = !code }
        !code {
            while (match($0, /\]\([^)]*\)/)) {
                print file, substr($0, RSTART + 2, RLENGTH - 3)
                $0 = substr($0, RSTART + RLENGTH)
            }
        }' "$file"
done | grep -v ' [a-z]*:' | sed 's/#.*//' > "$dir/links"
while read -r file target; do
    [ -z "$target" ] || [ -e "$(dirname "$file")/$target" ] ||
        complain "$file: there is no $target"
done < "$dir/links"

# The manual pages of the tools, by whichever checker there is.
if command -v groff >/dev/null; then
    said=$(groff -man -ww -z docs/man/*.1 2>&1)
    [ -z "$said" ] || complain "$said"
fi
if command -v mandoc >/dev/null; then
    said=$(mandoc -Tlint -Wwarning docs/man/*.1 2>&1) || complain "$said"
fi

while read -r page; do
    [ "$page" = docs/README.md ] || grep -q "^docs/README.md ${page#docs/}\$" "$dir/links" ||
        complain "docs/README.md does not lead to $page"
    grep -q "^	$page\( \|\$\)" docs/include.am || complain "docs/include.am does not list $page"
done < "$dir/pages"
grep -q '^README.md docs/README.md$' "$dir/links" || complain "README.md does not lead to docs/README.md"

echo "$(wc -l < "$dir/pages") pages, $(wc -l < "$dir/functions") functions, $(wc -l < "$dir/links") links"
exit $failed
