#!/bin/sh
# redis-cli of the sandbox: a bare call means the sandbox's cache; any other server is refused, not tried.
port=@PORT@
program=@PROGRAM@

refuse() {
    echo "architect sandbox: redis-cli $1 is not part of the sandbox; refused" >&2
    exit 126
}

host_is_ours() {
    case "$1" in
        127.0.0.1 | localhost | redis | cache) return 0 ;;
        *) return 1 ;;
    esac
}

port_is_ours() { [ "$1" = "$port" ] || [ "$1" = 6379 ]; }

# Options that take a word are skipped with it, those that name a server are judged and left out.
count=$#
while [ "$count" -gt 0 ]; do
    word=$1
    shift
    count=$((count - 1))
    case "$word" in
        -h | -p | -u | -s)
            [ "$count" -gt 0 ] || refuse "$word without a value"
            value=$1
            shift
            count=$((count - 1))
            case "$word" in
                -h) host_is_ours "$value" || refuse "-h $value" ;;
                -p) port_is_ours "$value" || refuse "-p $value" ;;
                -s) refuse "-s $value" ;;
                -u)
                    rest=${value#redis://}
                    [ "$rest" != "$value" ] || refuse "-u with this address"
                    database=${rest#*/}
                    [ "$database" != "$rest" ] || database=0
                    address=${rest%%/*}
                    host_is_ours "${address%%:*}" || refuse "-u with this address"
                    [ "$address" = "${address%%:*}" ] || port_is_ours "${address##*:}" || refuse "-u with this address"
                    set -- "$@" -n "$database"
                    ;;
            esac
            ;;
        -a | -r | -i | -n | -d | -D | -t | -X | --user | --pass | --pattern | --quoted-pattern | --memkeys-samples | --eval | --rdb | --functions-rdb | --pipe-timeout | --lru-test | --intrinsic-latency | --show-pushes)
            set -- "$@" "$word"
            if [ "$count" -gt 0 ]; then
                set -- "$@" "$1"
                shift
                count=$((count - 1))
            fi
            ;;
        --cluster | --sentinel | --replica | --slave) refuse "$word" ;;
        -*) set -- "$@" "$word" ;;
        *)
            set -- "$@" "$word"
            while [ "$count" -gt 0 ]; do
                set -- "$@" "$1"
                shift
                count=$((count - 1))
            done
            ;;
    esac
done
exec "$program" -h 127.0.0.1 -p "$port" "$@"
