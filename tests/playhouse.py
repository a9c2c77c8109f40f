"""A small dialect with a bit of everything that the reference server does, for tests of the server itself.

Law: the catalog here is made up. What the shipped dialects do is tested with their own scenarios.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from wirecheck.catalog import Dialect, load_file

HEAD = """\
dialect: parlour
title: Parlour
source: Parlour by itself
envelope:
  style: flat
  tag: type
  data: data
  header: {client: {"id?": string}, server: {"id?": string}}
unknown: report
"""

DOOR = """\
connect:
  path: /rooms/{room}
  params:
    room: {in: path, type: string, summary: The room.}
    tools: {in: query, type: boolean, default: false, summary: Whether frames about tools come.}
    seat: {in: query, type: integer, summary: The seat.}
  auth:
    - {subprotocol: "Bearer.{token}"}
    - {query: {token: "{token}"}}
    - {cookie: "{cookie}"}
    - {header: {Authorization: "Bearer {token}"}}
  closes: {4001: auth.refused}
"""

OPEN_DOOR = """\
connect: {path: "/rooms/{room}", params: {room: {in: path, type: string, summary: The room.}}}
"""

BODY = """\
names:
  session: /session
  call: /call
  job: /job
  id: "@id"
  room: [/room, "{room}"]
  code: /code
spans:
  turn: {keys: [session], opened: anywhere, exclusive: true}
  tool: {keys: [session, call], opened: here, exclusive: true, resumable: true}
  replay: {keys: [session], opened: here, exclusive: true, subtrace: true}
  resume: {keys: [session], opened: here, exclusive: true}
  birth: {keys: [], tie: oldest}
  ping: {keys: [], tie: oldest}
frames:
  start: {from: client, basis: words, source: s, summary: S., is: [ask.session], payload: {}}
  ask:
    from: client
    basis: words
    source: s
    summary: S.
    is: [prompt, turn.open]
    payload: {session: string, text: string}
  stop: {from: client, basis: words, source: s, summary: S., is: [cancel], payload: {job: string}}
  resume: {from: client, basis: words, source: s, summary: S., is: [ask.replay], payload: {session: string}}
  wave: {from: client, basis: words, source: s, summary: S., is: [hint], payload: {}}
  pong: {from: client, basis: words, source: s, summary: S., is: [answer.ping], payload: {}}
  ready:
    from: server
    basis: words
    source: s
    summary: S.
    is: [answer.session]
    payload: {session: string, "room?": string}
    examples: [{session: sess_1, room: hall}]
  text:
    from: server
    basis: words
    source: s
    summary: S.
    is: [text.delta]
    payload: {session: string, text: string}
    examples: [{session: sess_1, text: Well}]
  call:
    from: server
    basis: words
    source: s
    summary: S.
    is: [tool.open]
    needs: {tools: true}
    payload: {session: string, call: string, tool: string}
    cases: [{name: question, when: {/tool: Ask}, is: [notice], payload: {question: string}}]
    examples:
      - {session: sess_1, call: 7c1f2d60-0b1e-4c52-9a51-3f8f6a2b9d01, tool: Read}
      - {session: sess_1, call: 7c1f2d60-0b1e-4c52-9a51-3f8f6a2b9d01, tool: Ask, question: Which?}
  result:
    from: server
    basis: words
    source: s
    summary: S.
    is: [tool.close]
    needs: {tools: true}
    payload: {session: string, call: string}
    examples: [{session: sess_1, call: 7c1f2d60-0b1e-4c52-9a51-3f8f6a2b9d01}]
  done:
    from: server
    basis: words
    source: s
    summary: S.
    is: [turn.close]
    payload: {session: string, job: string}
    examples: [{session: sess_1, job: job-1}]
  history_start:
    {from: server, basis: words, source: s, summary: S., is: [replay.open, answer.replay], payload: {session: string},
     examples: [{session: sess_1}]}
  history_end:
    {from: server, basis: words, source: s, summary: S., is: [replay.close], payload: {session: string},
     examples: [{session: sess_1}]}
  ping: {from: server, basis: words, source: s, summary: S., is: [ask.ping], payload: {}, examples: [{}]}
  oops:
    from: server
    basis: words
    source: s
    summary: S.
    is: [error]
    payload: {code: string}
    examples: [{code: UNWELCOME}]
rejects: {answer: oops, code: MALFORMED}
guarantees:
  text-inside-turn: {level: must, says: S., source: s}
  replay-bracketed: {level: must, says: S., source: s}
  replay-comes-first: {level: must, says: S., source: s}
  next-prompt-waits: {level: must, says: S., source: s}
  ping-answered: {level: must, says: S., source: s}
  unknown-frames-survive: {level: must, says: S., source: s}
variables:
  token: {secret: true, reference: the-reference-token, summary: S.}
  cookie: {secret: true, reference: pass=the-reference-cookie, summary: S.}
  prompt: {reference: Good day, summary: S.}
  tool_prompt: {reference: Use a tool, summary: S.}
  slow_prompt: {reference: Take your time, summary: S.}
  long_prompt: {reference: Go on without me, summary: S.}
  ping_prompt: {reference: Are you there, summary: S.}
  job_prompt: {reference: Start a job, summary: S.}
  bye_prompt: {reference: Close with 1000, summary: S.}
  cut_prompt: {reference: Close with 1006, summary: S.}
  odd_prompt: {reference: Close with 1016, summary: S.}
"""


SCENES = """\
scenarios:
  greeting:
    says: S.
    steps:
      - {connect: a, params: {room: hall}}
      - send: start
      - plays: [ready: {session: $session}]
      - {until: ready, keep: {session: /session}}
      - {send: ask, with: {session: $session, text: $prompt}}
      - plays: [text: [{text: "Good "}, {text: day.}], done: {job: $job}]
      - until: done
  tools:
    says: S.
    steps:
      - {connect: a, params: {room: hall, tools: true}}
      - send: start
      - plays: [ready: {session: $session}]
      - {until: ready, keep: {session: /session}}
      - {send: ask, with: {session: $session, text: $tool_prompt}}
      - plays: [call: {call: $call}, text: {text: "$$1 "}, result: {call: $call}, done: {job: $job}]
      - until: done
  interleaved:
    says: S.
    steps:
      - {connect: a, params: {room: hall}}
      - send: start
      - plays: [ready: {session: $one}]
      - {until: ready, keep: {one: /session}}
      - send: start
      - plays: [ready: {session: $two}]
      - {until: ready, keep: {two: /session}}
      - {send: ask, with: {session: $one, text: $slow_prompt}}
      - plays: [text: {text: slowly}, hold: send, text: {text: " but surely"}, done: {job: $job}]
      - {send: ask, with: {session: $two, text: $prompt}}
      - plays: [text: {text: meanwhile}, done: {job: $job}]
      - {until: done, where: {/session: $one}}
      - {until: done, where: {/session: $two}}
  left-and-back:
    says: S.
    steps:
      - {connect: a, params: {room: hall}}
      - send: start
      - plays: [ready: {session: $session}]
      - {until: ready, keep: {session: /session}}
      - {send: ask, with: {session: $session, text: $long_prompt}}
      - plays: [text: {text: "before "}, hold: drop, text: {text: after}, done: {job: $job}]
      - until: text
      - drop: a
      - {connect: b, params: {room: hall}}
      - {send: resume, with: {session: $session}}
      - plays: [history_start, history: a, history_end]
      - until: history_end
      - until: done
  beat:
    says: S.
    steps:
      - {connect: a, params: {room: hall}}
      - send: start
      - plays: [ready: {session: $session}]
      - {until: ready, keep: {session: /session}}
      - {send: ask, with: {session: $session, text: $ping_prompt, "@id": m1}}
      - plays: [ping, hold: send, text: {text: Here I am}, done: {job: $job}]
      - until: done
  job:
    says: S.
    steps:
      - {connect: a, params: {room: hall}}
      - send: start
      - plays: [ready: {session: $session}]
      - {until: ready, keep: {session: /session}}
      - {send: ask, with: {session: $session, text: $job_prompt}}
      - plays: [done: {job: $job}]
      - {until: done, keep: {job: /job}}
      - {send: stop, with: {job: $job}}
      - plays: [oops: {code: STOPPED}]
      - until: oops
"""

SCENES += "".join(
    f"""\
  {word}:
    says: S.
    steps:
      - {{connect: a, params: {{room: hall}}}}
      - send: start
      - plays: [ready: {{session: $session}}]
      - {{until: ready, keep: {{session: /session}}}}
      - {{send: ask, with: {{session: $session, text: ${word}_prompt}}}}
      - plays: [done, close: {code}]
      - until: close
"""
    for word, code in (("bye", 1000), ("cut", 1006), ("odd", 1016))
)

REFUSALS = """\
  refused:
    says: S.
    steps:
      - {connect: a, auth: bad, params: {room: hall}}
      - plays: [oops: {code: UNKNOWN}, close: 4001]
      - {until: close, code: 4001}
  nobody:
    says: S.
    steps:
      - {connect: a, auth: missing, params: {room: hall}}
      - plays: [oops: {code: NOBODY}, close: 4001]
      - {until: close, code: 4001}
"""

MALFORMED = """\
  malformed:
    says: S.
    steps:
      - {connect: a, params: {room: hall}}
      - {malformed: not-json}
      - plays: [oops: {code: NOT_JSON}]
      - {malformed: missing-field, of: ask}
      - plays: [oops: {code: INCOMPLETE}]
      - until: oops
"""


@cache
def parlour(*, door: bool = True, refusals: bool = True, malformed: bool = False, replays: bool = True) -> Dialect:
    """The dialect: with authentication or without, with scenarios for refusals and for malformed messages or without,
    with sessions that outlive connections or without."""
    body = BODY if replays else BODY.replace("subtrace: true", "subtrace: false")
    if not replays:
        body = "".join(line for line in body.splitlines(keepends=True) if "  replay-" not in line)
    scenes = SCENES + (REFUSALS if door and refusals else "") + (MALFORMED if malformed else "")
    if not door:
        scenes = scenes.replace(", tools: true", "")
        body = body.replace("    needs: {tools: true}\n", "")
    with TemporaryDirectory() as folder:
        path = Path(folder, "parlour.yaml")
        path.write_text(HEAD + (DOOR if door else OPEN_DOOR) + body + scenes, encoding="utf-8")
        return load_file(path)
