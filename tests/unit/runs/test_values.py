"""Whatever a value holds, it arrives as itself or is refused with its place; it never becomes program text."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from architect.grammars.placeholders import Language, find
from architect.kernel.text import visible
from architect.runs.model import Encoding, Shape, Slot
from architect.runs.quoting import Bound, bind_promql, bind_shell, bind_sql, substituted
from architect.runs.values import (
    MAX_CHARACTERS,
    ValueRefusedError,
    encoded,
    environment,
    is_reserved,
    refusals,
)

BASH = shutil.which("bash") or "/bin/bash"
SHOWN = "shown by the tool of this test: "
SHOW = f"""\
import json, os, sys
print({SHOWN!r} + json.dumps([w.encode('utf-8', 'surrogateescape').hex() for w in sys.argv[1:]]))"""

HOSTILE = (
    '"$(touch x)"',
    "$(touch x)",
    "`touch x`",
    "'; rm -rf / #",
    '"; touch x; echo "',
    "a\nb",
    "a\n\ntouch x\n",
    "-oProxyCommand=touch x",
    "--help",
    "*",
    "?[a-z]*",
    "~root",
    "$HOME",
    "${IFS}",
    "!!",
    "\\",
    "\\'",
    "a\\nb",
    "%s%n",
    "{a,b}",
    "<(touch x)",
    "> x",
    "x=1",
    "@/etc/passwd",
    "file:///etc/passwd",
    "é漢🚨",
    "\x1b]52;c;AAAA\x07",
    "\u202egnp.exe",
    "\r\n",
    " ",
    "",
    "it's",
    "&& touch x",
    "| touch x",
    "}",
    "${",
    "EOF",
)

QUOTED = (
    'show "<value>"',
    "show 'before <value> after'",
    'show "it\'s $(echo fine) <value> \\"too\\""',
    "show $'a\\tb <value> c'",
    'show "$(printf %s "<value>"; echo .)"',
    "cat <<EOF\nhello <value> there\nEOF",
    "cat <<-EOF | cat\n\t<value>\n\tEOF",
    "for each in 'x <value>' b; do show \"$each\"; done",
    "show --label='<value>'",
    'true && { show "a<value>b"; }',
    "sudo_free() { show \"$1\"; }; sudo_free 'x<value>'",
)
UNQUOTED = (
    "show <value>",
    "show pod/<value>",
    "show --name=<value>",
    "show a <value> | cat",
    "LABEL=<value> show b",
    "show >out-<value> c",
)
JSON_TEXTS = (
    """show '{"key": "<value>", "list": ["<value>", 1]}'""",
    """show "{\\"key\\": \\"<value>\\"}\"""",
    """show '[{"op": "add", "value": {"name": "x", "value": "<value>"}}]'""",
)

anything = st.one_of(
    st.sampled_from(HOSTILE),
    st.text(max_size=60),
    st.text(alphabet=st.sampled_from("'\"`$(){}[]<>|&;#!*?~\\ \n\t-=@%ab0"), max_size=24),
)


def run(bound: Bound, values: Mapping[str, str]) -> list[str]:
    """Run the bound text in a real bash and return the arguments that `show` was given, or what was printed."""
    with tempfile.TemporaryDirectory() as folder:
        tools = Path(folder) / "bin"
        scratch = Path(folder) / "scratch"
        tools.mkdir()
        scratch.mkdir()
        (tools / "show").write_text(f"#!{sys.executable}\n{SHOW}\n")
        (tools / "show").chmod(0o755)
        script = Path(folder) / "script.sh"
        script.write_bytes(bound.text.encode("utf-8", "surrogateescape"))
        given_environment = {"PATH": f"{tools}:/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
        done = subprocess.run(
            [BASH, "--noprofile", "--norc", str(script)],
            env=given_environment | dict(environment(bound.slots, values)),
            cwd=scratch,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=30,
        )
        assert done.stderr == b"", done.stderr
        left = {entry.name for entry in scratch.iterdir()} - {f"out-{value}" for value in values.values()}
        assert left == set(), f"something was made: {left}"
        text = done.stdout.decode("utf-8", "surrogateescape")
    if not text.startswith(SHOWN):
        return [text]
    return [
        bytes.fromhex(word).decode("utf-8", "surrogateescape")
        for line in text.splitlines()
        for word in json.loads(line.removeprefix(SHOWN))
    ]


def bind(text: str) -> Bound:
    return bind_shell(text, find(text), hosts=("shop.example", "metrics:9090"))


def is_refused(bound: Bound, value: str) -> bool:
    return bool(refusals(bound.slots, {"value": value}))


@pytest.mark.parametrize("text", QUOTED)
@pytest.mark.parametrize("value", HOSTILE)
def test_a_quoted_value_arrives_as_itself(text: str, value: str) -> None:
    bound = bind(text)
    assert bound.refused == ()
    if not is_refused(bound, value):
        assert value in "\0".join(run(bound, {"value": value}))
    else:
        assert value.startswith("-")


@pytest.mark.parametrize("text", UNQUOTED)
@pytest.mark.parametrize("value", HOSTILE)
def test_an_unquoted_value_arrives_as_itself_or_is_refused(text: str, value: str) -> None:
    bound = bind(text)
    assert bound.refused == ()
    if is_refused(bound, value) or "/" in value or not value:
        return
    words = run(bound, {"value": value})
    assert value in "\0".join(words) or "show b" in text or ">out" in text


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(text=st.sampled_from(QUOTED), value=anything)
def test_no_value_makes_a_quoted_text_do_something_else(text: str, value: str) -> None:
    bound = bind(text)
    if not is_refused(bound, value):
        assert value in "\0".join(run(bound, {"value": value}))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(text=st.sampled_from(JSON_TEXTS), value=anything)
def test_a_value_inside_json_is_that_string(text: str, value: str) -> None:
    bound = bind(text)
    assert bound.refused == ()
    if is_refused(bound, value):
        return
    content = json.loads(run(bound, {"value": value})[0])
    found = content["key"] if isinstance(content, dict) else content[0]["value"]["value"]
    assert found.encode("utf-16", "surrogatepass") == value.encode("utf-16", "surrogatepass")


@pytest.mark.parametrize("value", ["two words", "a*", "[x]", "-x", "", "tab\there", "back\\slash"])
def test_an_unquoted_place_refuses_blanks_patterns_and_dashes_with_the_place(value: str) -> None:
    bound = bind("echo first\nshow $NAME")
    (problem,) = refusals(bound.slots, {"NAME": value})
    assert problem.startswith("line 2, column 6: NAME ")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("<tool> get pods", "decides which tool runs"),
        ("sudo <tool> x", "decides which tool runs"),
        ("ssh web1 'tail <file>'", "the remote shell parses"),
        ("ssh web1 tail <file>", "the remote shell parses"),
        ("ssh -o <option> web1", "the remote shell parses"),
        ("awk '/<pattern>/' log", "awk parses"),
        ("sed -i 's/a/<text>/' f", "sed parses"),
        ("sed -e s/a/<text>/ f", "sed parses"),
        ("jq '.x == \"<text>\"' f", "jq parses"),
        ("python3 -c 'print(\"<text>\")'", "python parses"),
        ("bash -c 'echo <text>'", "shell parses"),
        ('bash -lc "echo $TEXT"', "shell parses"),
        ("timeout 5 bash -c \"echo '<text>'\"", "shell parses"),
        ("kubectl exec web-1 -- sh -c 'cat <file>'", "shell parses"),
        ("docker exec -it web sh -c 'cat <file>'", "shell parses"),
        ("eval <text>", "shell parses"),
        ("watch 'ls <folder>'", "shell parses"),
        ("xargs -I{} sh -c 'echo <text>'", "shell parses"),
        ("bash <script>", "decides which tool runs"),
        ("source <script>", "decides which tool runs"),
        ("git -c <setting> fetch", "git settings parses"),
        ("curl -X <method> https://shop.example/", "curl -X parses"),
        ("curl -x <proxy> https://shop.example/", "curl -x parses"),
        ("curl https://api.<region>.example/", "decides part of the host of a URL"),
        ("cat <<'EOF'\nname: <name>\nEOF", "is not expanded"),
        ("mysql -e \"SELECT '<name>'\"", "SQL parses"),
        ("printf '<format>'", "a printf format parses"),
        ('psql shop -c "SELECT \\$\\$<text>\\$\\$"', "a dollar-quoted string of SQL"),
        ("psql shop -c \"SELECT E'<text>'\"", "an E'' string of SQL"),
        ('curl -d \'{"a": "<text>"\' https://shop.example/', "like JSON that does not parse"),
        ("if [ <a-b>", "does not understand"),
    ],
)
def test_a_deciding_place_is_refused_with_the_place(text: str, why: str) -> None:
    bound = bind(text)
    assert len(bound.refused) == 1
    assert why in bound.refused[0]
    assert bound.refused[0].startswith("line ")


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("echo $(( <count-of> + 1 ))", Shape.NUMBER),
        ('kubectl patch deployment web -p \'{"spec": {"replicas": <count>}}\'', Shape.NUMBER),
        ("psql shop -c 'SELECT pg_cancel_backend(<pid>)'", Shape.NUMBER),
        ("curl https://<host>/health", Shape.HOST),
        ("curl $BASE_URL/health", Shape.URL),
        ("curl -H 'X-Id: <id>' https://shop.example/", Shape.LINE),
        ("ssh <host>", Shape.WORD),
        ("kubectl get pods -o jsonpath='{.items[<n>]}'", Shape.INERT),
    ],
)
def test_a_place_says_what_a_value_must_look_like(text: str, shape: Shape) -> None:
    assert [slot.shape for slot in bind(text).slots] == [shape]


@pytest.mark.parametrize("value", ["1; DROP TABLE x", "1)", "a[$(touch x)]", "0x1", "١", "", "1e9", "--1"])
def test_a_number_is_a_number(value: str) -> None:
    (slot,) = bind("psql shop -c 'SELECT pg_cancel_backend(<pid>)'").slots
    assert refusals([slot], {"pid": value})


def test_a_host_is_one_that_the_profile_names() -> None:
    slots = bind("curl https://<host>/health").slots
    assert refusals(slots, {"host": "169.254.169.254"})
    assert refusals(slots, {"host": "shop.example@evil.example"})
    assert refusals(slots, {"host": "shop.example"}) == ()


@pytest.mark.parametrize(
    "value",
    [
        "file:///etc/passwd",
        "https://evil.example",
        "https://shop.example@evil.example",
        "https://shop.example\\@evil.example",
        "gopher://shop.example",
        "https://shop.example/{a,b}",
        "//shop.example",
        "https://[",
    ],
)
def test_a_url_names_a_host_of_the_profile_and_nothing_more(value: str) -> None:
    slots = bind("curl $BASE_URL/health").slots
    assert refusals(slots, {"BASE_URL": value})
    assert refusals(slots, {"BASE_URL": "https://shop.example"}) == ()


def test_parts_of_a_url_are_percent_encoded() -> None:
    bound = bind("show 'https://shop.example/items/<item>?q=<word>'")
    values = {"item": "../../admin", "word": "a&b=#c\n"}
    assert run(bound, values) == ["https://shop.example/items/..%2F..%2Fadmin?q=a%26b%3D%23c%0A"]


def test_curl_is_given_no_file_to_read_by_a_value() -> None:
    assert refusals(bind("curl -d '<body>' https://shop.example/").slots, {"body": "@/etc/passwd"})
    assert refusals(bind("aws ssm put-parameter --value '<text>'").slots, {"text": "file:///etc/passwd"})


def test_a_form_field_cannot_begin_another_field() -> None:
    assert run(bind("show -d 'x'; curl_free=1; show 'a=<text>'"), {"text": "1&b=2"})[-1] == "a=1&b=2"
    (slot,) = bind("curl -d 'text=<text>' https://shop.example/").slots
    assert slot.encoding is Encoding.URL


def test_a_header_has_no_second_line() -> None:
    slots = bind("curl -H 'X-Id: <id>' https://shop.example/").slots
    assert refusals(slots, {"id": "1\r\nHost: evil"})


def test_a_variable_that_the_shell_does_not_expand_is_left_alone() -> None:
    bound = bind_shell("awk '{print $NF}' log", find("awk '{print $NF}' log"))
    assert bound.text == "awk '{print $NF}' log"
    assert bound.slots == ()


@pytest.mark.parametrize(
    "name",
    [
        "PATH",
        "IFS",
        "LD_PRELOAD",
        "BASH_ENV",
        "GIT_SSH_COMMAND",
        "GIT_DIR",
        "PS4",
        "https_proxy",
        "ALL_PROXY",
        "PYTHONPATH",
        "NODE_OPTIONS",
        "JAVA_TOOL_OPTIONS",
        "SSH_ASKPASS",
        "PERL5OPT",
        "LESSOPEN",
        "PGOPTIONS",
    ],
)
def test_what_steers_the_shell_takes_no_value(name: str) -> None:
    assert is_reserved(name)


@pytest.mark.parametrize(
    "name",
    [
        "DATABASE_URL",
        "POD",
        "SG_ID",
        "REGION",
        "path_to_dump",
        "path",
        "NODE_NAME",
        "node",
        "ENV",
        "GIT_SHA",
        "SSH_HOST",
        "JAVA_POD",
        "PYTHON_VERSION",
        "home",
    ],
)
def test_ordinary_names_take_values(name: str) -> None:
    assert not is_reserved(name)


def test_a_placeholder_named_like_a_steering_variable_does_not_become_one() -> None:
    bound = bind("show '<PATH>'")
    assert run(bound, {"PATH": "/nowhere"}) == ["/nowhere"]


def test_a_nul_is_refused() -> None:
    assert "NUL" in refusals(bind("show '<value>'").slots, {"value": "a\0b"})[0]


def test_a_megabyte_is_refused_with_its_size() -> None:
    (problem,) = refusals(bind("show '<value>'").slots, {"value": "a" * 1_048_576})
    assert "1,048,576 characters" in problem
    assert len(problem) < 200


def test_the_longest_value_still_arrives() -> None:
    value = "\N{POLICE CAR}" * (MAX_CHARACTERS // 4)
    assert run(bind("show '<value>'"), {"value": value}) == [value]


def test_a_missing_value_stops_the_action() -> None:
    with pytest.raises(ValueRefusedError, match="no value for value"):
        environment(bind("show '<value>'").slots, {})


def test_a_refused_value_is_not_repeated_in_the_message() -> None:
    with pytest.raises(ValueRefusedError) as caught:
        environment(bind("show <token-of-mine>").slots, {"token_of_mine": "s3cret with blanks"})
    assert "s3cret" not in str(caught.value)


def test_places_count_from_the_line_of_the_action() -> None:
    bound = bind_shell("echo\nbash <script>", find("echo\nbash <script>"), first_line=40)
    assert bound.refused[0].startswith("line 41, column 6")


def sql(text: str) -> Bound:
    return bind_sql(text, find(text, Language.SQL))


def test_sql_takes_values_as_parameters() -> None:
    bound = sql("SELECT * FROM orders WHERE name = '<name>' AND id = <id>")
    assert bound.text == (
        "SELECT * FROM orders WHERE name = :'ARCHITECT_VALUE_LITERAL_name' AND id = :ARCHITECT_VALUE_LITERAL_id"
    )
    assert refusals(bound.slots, {"id": "1 OR true", "name": "x"})
    assert not refusals(bound.slots, {"id": "17", "name": "x'; DROP TABLE orders; --"})


@pytest.mark.parametrize(
    "text", ["SELECT '%<x>%'", 'SELECT "<x>"', "-- <x>\nSELECT 1", "SELECT $$<x>$$", "SELECT E'<x>'"]
)
def test_sql_refuses_what_it_cannot_bind(text: str) -> None:
    assert len(sql(text).refused) == len(find(text, Language.SQL))


@given(value=anything)
def test_a_quote_in_sql_is_doubled(value: str) -> None:
    inside = encoded(value, Encoding.SQL)
    assert inside.replace("''", "").count("'") == 0
    assert inside.replace("''", "'") == value


def promql(text: str) -> Bound:
    return bind_promql(text, find(text, Language.PROMQL))


def test_promql_escapes_inside_strings_and_takes_only_plain_words_in_patterns() -> None:
    bound = promql('rate(jobs{pod="<pod>"}[5m])')
    variables = environment(bound.slots, {"pod": 'a"} or vector(1) #'})
    assert substituted(bound.text, bound.slots, variables) == 'rate(jobs{pod="a\\"} or vector(1) #"}[5m])'
    pattern = promql('rate(jobs{pod=~"<pod>.*"}[5m])')
    assert refusals(pattern.slots, {"pod": "a|b"})
    assert not refusals(pattern.slots, {"pod": "web-1"})


def test_text_for_people_shows_what_a_terminal_would_hide() -> None:
    assert visible("a\x1b[31m\u202eb\rc\x00\x9b\ud800") == "a\\x1b[31m\\u202eb\\x0dc\\x00\\x9b\N{REPLACEMENT CHARACTER}"
    assert visible("two\nlines\there é漢") == "two\nlines\there é漢"


@given(value=st.text())
def test_a_slot_of_any_shape_accepts_or_refuses_and_never_raises(value: str) -> None:
    for shape in Shape:
        for encoding in Encoding:
            slot = Slot(
                variable="v", marker="V", encoding=encoding, shape=shape, place="line 1, column 1", allowed=("h",)
            )
            assert isinstance(refusals([slot], {"v": value}), tuple)
