#!/bin/sh
# Enter the walls of the sandbox, give up every right to change them, and become bash in the folder we were called in.
exec @NSENTER@ --preserve-credentials --user=/proc/@HOLDER@/ns/user --net=/proc/@HOLDER@/ns/net \
    --mount=/proc/@HOLDER@/ns/mnt -- @SETPRIV@ --no-new-privs --inh-caps=-all --bounding-set=-all -- \
    /bin/sh -c 'cd "$0" && exec @BASH@ "$@"' "$PWD" "$@"
