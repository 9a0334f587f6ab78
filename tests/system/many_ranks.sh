# 64 ranks on the mock pass all suites, however few cores there are.
. "$(dirname "$0")/lib.sh"
limit=300
run "$runner" --mock -n 64 --json r.json
check "64 ranks pass" status_is 0
check "nothing is skipped for want of ranks" test -z "$(grep 'needs .* ranks' r.json)"
finish
