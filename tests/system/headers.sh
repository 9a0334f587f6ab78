# The public headers compile alone, and give no warning in a suite: C11 and C++20, gcc and clang.
. "$(dirname "$0")/lib.sh"
run bash "$SOURCE/tests/system/headers/check.sh"
check "no warning from our headers" status_is 0
cat out
finish
