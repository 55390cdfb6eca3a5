#!/bin/sh
# Publish the numbers of the day, then say which of those told before are told otherwise now. Silent when all is well, so
# that cron mails nothing.
#
#   publish.sh FOLDER        where metrics.yaml is
#
# Exit codes: 0 fine; 1 published, and something is to be looked at; 2 the definitions cannot be understood; 3 data is
# missing or unusable: nothing was published; 70 a bug in the tool.
cd "${1:?the folder of metrics.yaml}" || exit 2

before=$(ls published 2>/dev/null | grep '^[0-9][0-9]*$' | tail -1)
saasmetrics compute --publish --quiet --fail-on error -o told.md
code=$?
[ "$code" -gt 1 ] && exit "$code"

# The first time there is nothing to hold it against. A warning is a number of a settled period that moved.
if [ -n "$before" ]; then
    saasmetrics history --restated --against "$before" --fail-on warning --quiet -o restated.md || code=$?
fi
exit "$code"
