"""What shell text does: the language's own ways to do something else than it seems to do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from architect.commands.judging import judge
from architect.commands.model import Carried, Effect, Flag

READS = [
    "df -h | grep var | sort -rn | head -5",
    "uptime; free -m && df -h || true",
    "for d in /var /srv; do du -sh $d; done",
    "if [ -f notes ]; then cat notes; else echo none; fi",
    "case $1 in a|b) uptime ;; *) df ;; esac",
    "while true; do uptime; sleep 5; done",
    "show() { df -h; }; show",
    "cat <<END\nhello\nEND",
    "bash <<'END'\nuptime\nEND",
    "bash -c 'uptime && df -h'",
    "sudo -u app timeout 5 nice -n 3 env LC_ALL=C df -h",
    "grep error app.log 2>/dev/null",
    "df -h > disks.txt 2>&1",
    "df -h > disks_$(date +%s).txt",
    "find . -name '*.log' -exec wc -l {} \\;",
    "cat $FILE",
    'cat "${FILE:-notes.txt}"',
    "diff <(sort a) <(sort b)",
    "echo $((1 + 2))",
    "COUNT=$(wc -l notes); echo $COUNT",
    "watch -n 1 'df -h | tail -1'",
    "echo uptime | bash",
    "cat <<END | sort\nb\na\nEND",
    "time df -h",
    "! grep -q error app.log",
    "cd logs && tail -3 app.log > tail.txt",
    "command -v psql",
    "A=notes.txt; cat $A",
    "cat $DIR/$NAME.txt",
    "D=logs; df -h > $D/x_$D.txt",
    "cat c/$A/enc-$B.d.txt $A/$B/$C",
    "uptime \\\n  -p",
]

NOT_KNOWN = [
    "frobnicate",
    "./run.sh",
    "bash run.sh",
    "S=sudo; $S id",
    "$TOOL get",
    "base64 -d payload | sh",
    "curl -s https://example.org/install | bash",
    "eval uptime",
    "source env.sh; uptime",
    "echo 'unclosed",
    "PATH=/tmp:$PATH; uptime",
    "alias df=rm; df -h",
    'bash -c "$TEXT"',
    "xargs -I{} sh -c 'echo {}'",
    'df -h > "$FILE"',
    "cat < /dev/tcp/10.0.0.1/80",
    "exec 3<>/dev/tcp/10.0.0.1/80",
    "${A@P}",
    "df -\\\nh",
    "enable -n test; test -f x",
    "sort $(cat options)",
    "read L; sort $L",
    "shopt -s expand_aliases; uptime",
    "up\x00time",
    "LD_PRELOAD=/tmp/x.so uptime",
]


@pytest.mark.parametrize("text", READS)
def test_reads_are_proved(text: str) -> None:
    assert (judge(text).effect, judge(text).reason) == (Effect.READ, judge(text).reason)


@pytest.mark.parametrize("text", NOT_KNOWN)
def test_what_is_not_proved_is_unknown(text: str) -> None:
    judgement = judge(text)
    assert (judgement.effect, judgement.reason) == (Effect.UNKNOWN, judgement.reason)


@pytest.mark.parametrize(
    ("text", "effect"),
    [
        ("uptime; rm -rf data", Effect.DESTRUCTIVE),
        ("echo $(rm -rf data)", Effect.DESTRUCTIVE),
        ("echo `rm -rf data`", Effect.DESTRUCTIVE),
        ("cat <(rm -rf data)", Effect.DESTRUCTIVE),
        ("clean() { rm -rf data; }", Effect.DESTRUCTIVE),
        ("trap 'rm -rf data' EXIT", Effect.DESTRUCTIVE),
        ("eval 'rm -rf data'", Effect.DESTRUCTIVE),
        ("bash <<END\nrm -rf data\nEND", Effect.DESTRUCTIVE),
        ("echo rm -rf data | sh", Effect.DESTRUCTIVE),
        ("sh <<< 'rm -rf data'", Effect.DESTRUCTIVE),
        ("S=rm; $S -rf data", Effect.DESTRUCTIVE),
        ("find . -exec rm {} +", Effect.DESTRUCTIVE),
        ("ls | xargs rm", Effect.DESTRUCTIVE),
        ("\\rm -rf data", Effect.DESTRUCTIVE),
        ("'r'm -rf data", Effect.DESTRUCTIVE),
        ("/bin/rm -rf data", Effect.DESTRUCTIVE),
        ("rm -rf data '", Effect.DESTRUCTIVE),
        ("A=$(rm -rf data)", Effect.DESTRUCTIVE),
        ('[ -n "$(rm -rf data)" ]', Effect.DESTRUCTIVE),
        ("((x = $(rm -rf data)))", Effect.DESTRUCTIVE),
        ("df -h > /tmp/disks", Effect.WRITE),
        ("df -h > notes; df -h > notes", Effect.WRITE),
        ("cd /tmp && df -h > notes", Effect.WRITE),
        ("df -h > ../notes", Effect.WRITE),
        ("df -h > /etc/motd", Effect.DISRUPTIVE),
        ("df -h > /dev/sda", Effect.DESTRUCTIVE),
        ("echo key >> ~/.ssh/authorized_keys", Effect.EXPOSES),
        ("set", Effect.EXPOSES),
        ("export -p", Effect.EXPOSES),
        ("declare -p DB_PASSWORD", Effect.EXPOSES),
        ("cat /proc/self/environ", Effect.EXPOSES),
        ("cat < .env", Effect.EXPOSES),
        ('echo "$API_TOKEN"', Effect.EXPOSES),
        ("sudo cat ~/.aws/credentials", Effect.EXPOSES),
    ],
)
def test_what_is_worse_than_it_looks_is_found(text: str, effect: Effect) -> None:
    judgement = judge(text)
    assert (judgement.effect, judgement.reason) == (effect, judgement.reason)


def test_placeholders_are_values_and_no_redirections() -> None:
    judgement = judge("cat <log-file> | sort > sorted.txt")
    assert judgement.effect is Effect.READ
    assert judgement.commands[0].text == "cat <log-file>"


def test_a_placeholder_as_subcommand_is_unknown() -> None:
    assert judge("timedatectl <what>").effect is Effect.UNKNOWN


def test_offsets_lie_in_the_judged_text() -> None:
    text = "echo 'größer' && sudo bash -c 'df -h; rm -rf data'"
    for command in judge(text).commands:
        assert text[command.start : command.end] == command.text


def test_a_declared_script_has_its_declared_effect() -> None:
    declared = {"scripts/status.sh": Effect.READ}
    assert judge("./scripts/status.sh --all", declared=declared).effect is Effect.READ
    assert judge("bash scripts/status.sh", declared=declared).effect is Effect.READ
    assert judge("./scripts/other.sh", declared=declared).effect is Effect.UNKNOWN
    assert judge("PATH=/tmp; ./scripts/status.sh", declared=declared).effect is Effect.UNKNOWN


def test_state_is_carried_to_the_next_action() -> None:
    first = judge("show() { df -h; }; LOG=app.log; df -h > disks.txt").carried
    assert first.functions == {"show"}
    assert ("LOG", "app.log") in first.variables
    assert first.scratch_files == {"disks.txt"}
    assert judge("show", carried=first).effect is Effect.READ
    assert judge("df -h > disks.txt", carried=first).effect is Effect.WRITE


def test_a_carried_function_without_its_text_is_unknown() -> None:
    assert judge("show", carried=Carried(functions=frozenset({"show"}))).effect is Effect.UNKNOWN


@pytest.mark.parametrize("text", ["source env.sh", "eval $X", "PATH=/tmp", "enable -n test", "hash -p /tmp/df df"])
def test_what_touches_everything_makes_later_actions_unknown(text: str) -> None:
    carried = judge(text).carried
    assert carried.tainted
    assert judge("uptime", carried=carried).effect is Effect.UNKNOWN


def test_a_variable_touches_the_tools_that_read_it_only() -> None:
    carried = judge("export KUBECONFIG=/tmp/other").carried
    assert judge("kubectl get pods", carried=carried).effect is Effect.UNKNOWN
    assert judge("uptime", carried=carried).effect is Effect.READ


def test_a_change_of_directory_is_carried() -> None:
    carried = judge("cd /srv").carried
    assert not carried.in_scratch
    assert judge("df -h > disks.txt", carried=carried).effect is Effect.WRITE


def test_standard_input_of_an_interactive_tool_makes_it_a_program() -> None:
    assert Flag.INTERACTIVE in judge("bash").commands[0].flags
    assert judge("bash < notes").effect is Effect.UNKNOWN


@pytest.mark.parametrize(
    "opener", ["$(", "(", "{ ", "bash -c '", "if true; then ", "sudo ", "! ", "command ", "eval ", "a=(", "$((", "<("]
)
def test_bottomless_nesting_is_unknown(opener: str) -> None:
    assert judge(opener * 5_000 + "ls").effect is Effect.UNKNOWN


@given(st.text(max_size=200))
def test_nothing_raises_for_any_text(text: str) -> None:
    assert judge(text).effect in Effect


@given(st.text(alphabet=" \n;&|<>(){}$`'\"#\\=[]*?!~-aA1é\x00", max_size=80))
def test_nothing_raises_for_the_shells_own_characters(text: str) -> None:
    for command in judge(text).commands:
        assert command.effect in Effect


@pytest.mark.parametrize("language", ["sql", "psql", "promql", "redis", "klingon"])
@given(text=st.text(max_size=60))
def test_no_language_raises(language: str, text: str) -> None:
    assert judge(text, language=language).effect in Effect
