#!/bin/sh
# Enter the walls of the sandbox, in the folder we were called in, and become bash there.
exec @NSENTER@ --preserve-credentials --user=/proc/@HOLDER@/ns/user --net=/proc/@HOLDER@/ns/net \
    --mount=/proc/@HOLDER@/ns/mnt -- /bin/sh -c 'cd "$0" && exec @BASH@ "$@"' "$PWD" "$@"
