"""Opens pages in headless Chromium, through chromedriver's WebDriver, and tries what a person would do with them.

    browser.py TACHOGRAPH SCRATCH [SCREENSHOTS]
"""

import base64
import json
import pathlib
import random
import socket
import subprocess
import sys
import time
import urllib.request

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"


class Browser:
    """A session of chromedriver, which is ours and ends with us."""

    def __init__(self, dark=False, size=(1440, 900)):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.address = f"http://127.0.0.1:{port}"
        self.driver = subprocess.Popen(
            ["chromedriver", f"--port={port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            self.wait_until_ready()
            arguments = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                         "--hide-scrollbars", f"--window-size={size[0]},{size[1]}"]
            if dark:
                arguments.append("--force-dark-mode")
            options = {"browserName": "chrome", "goog:loggingPrefs": {"browser": "ALL"},
                       "goog:chromeOptions": {"args": arguments, "binary": "/usr/bin/chromium"}}
            made = self.call("POST", "/session", {"capabilities": {"alwaysMatch": options}})
            self.session = f"/session/{made['sessionId']}"
        except BaseException:
            self.driver.terminate()
            raise

    def wait_until_ready(self):
        for _ in range(200):
            try:
                if self.call("GET", "/status")["ready"]:
                    return
            except OSError:
                time.sleep(0.05)
        raise SystemExit("chromedriver does not answer")

    def call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.address + path, data, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise AssertionError(error.read().decode()) from None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.call("DELETE", self.session)
        finally:
            self.driver.terminate()
            self.driver.wait()

    def open(self, file):
        self.call("POST", self.session + "/url", {"url": pathlib.Path(file).resolve().as_uri()})
        self.settle()

    def run(self, script, *arguments):
        return self.call("POST", self.session + "/execute/sync", {"script": script, "args": list(arguments)})

    def run_until_called(self, script):
        return self.call("POST", self.session + "/execute/async", {"script": script, "args": []})

    def settle(self):
        """Until nothing moves on the page."""
        self.run_until_called("""
            const done = arguments[0];
            const look = () => page.resting() ? requestAnimationFrame(() => done()) : requestAnimationFrame(look);
            look();""")

    def complaints(self):
        return [entry["message"] for entry in self.call("POST", self.session + "/se/log", {"type": "browser"})
                if entry["level"] in ("SEVERE", "WARNING")]

    def mouse(self, *actions):
        self.call("POST", self.session + "/actions", {"actions": [
            {"type": "pointer", "id": "mouse", "parameters": {"pointerType": "mouse"}, "actions": list(actions)}]})
        self.settle()

    def move(self, x, y):
        self.mouse({"type": "pointerMove", "duration": 0, "x": round(x), "y": round(y)})

    def click(self, x, y):
        self.mouse({"type": "pointerMove", "duration": 0, "x": round(x), "y": round(y)},
                   {"type": "pointerDown", "button": 0}, {"type": "pointerUp", "button": 0})

    def drag(self, x, y, by):
        self.mouse({"type": "pointerMove", "duration": 0, "x": round(x), "y": round(y)},
                   {"type": "pointerDown", "button": 0},
                   {"type": "pointerMove", "duration": 50, "x": round(x + by), "y": round(y)},
                   {"type": "pointerUp", "button": 0})

    def wheel(self, x, y, down):
        self.call("POST", self.session + "/actions", {"actions": [{"type": "wheel", "id": "wheel", "actions": [
            {"type": "scroll", "x": round(x), "y": round(y), "deltaX": 0, "deltaY": down, "duration": 0}]}]})
        self.settle()

    def press(self, keys, where="#lanes"):
        found = self.call("POST", self.session + "/element", {"using": "css selector", "value": where})
        self.call("POST", f"{self.session}/element/{found[ELEMENT]}/value", {"text": keys})
        self.settle()

    def push(self, where):
        found = self.call("POST", self.session + "/element", {"using": "css selector", "value": where})
        self.call("POST", f"{self.session}/element/{found[ELEMENT]}/click", {})
        self.settle()

    def text(self, where):
        return self.run("return document.querySelector(arguments[0]).innerText", where)

    def screenshot(self, file):
        self.settle()
        file.write_bytes(base64.b64decode(self.call("GET", self.session + "/screenshot")))


def register(operations, clients, seed, marks=0, wrong_at=None, unknown=0.0):
    """A register that does each operation at one moment between its two events; at `wrong_at`, a read returns what nobody wrote."""
    chance = random.Random(seed)
    events, value, now, begun = [], None, 1000, 0
    process = list(range(clients))
    state = [None] * clients
    while begun < operations or any(state):
        now += chance.choice([120, 300, 700, 2500])
        client = chance.randrange(clients)
        doing = state[client]
        if doing is None:
            if begun == operations:
                continue
            begun += 1
            if marks and begun % (operations // marks) == 0:
                events.append(f'{{:process :nemesis, :type :info, :f :partition, :value "phase {begun}", :time {now}}}')
                now += 50
            state[client] = doing = ["read", None, False] if chance.random() < 0.5 else ["write", chance.randrange(100), False]
            kind = "invoke"
        elif not doing[2]:
            doing[2] = True
            if doing[0] == "write":
                value = doing[1]
            else:
                doing[1] = value
            if wrong_at is not None and begun >= wrong_at and doing[0] == "read":
                doing[1], wrong_at = 12345, None
            continue
        else:
            kind = "info" if chance.random() < unknown else "ok"
            state[client] = None
        shown = "nil" if doing[1] is None or kind == "info" and doing[0] == "read" else doing[1]
        events.append(f"{{:process {process[client]}, :type :{kind}, :f :{doing[0]}, :value {shown}, :time {now}}}")
        if kind == "info":
            process[client] += clients
    return "\n".join(events) + "\n"


HOSTILE = "</script ><script >document.title = 'broken into'</script ></script><script>document.title = 'broken into'</script><img src=x onerror=alert(1)> \u202e\x1b[31m \u2028 <!--"


def hostile():
    text = json.dumps(HOSTILE)
    return "\n".join([
        f'{{:process 0, :type :invoke, :f :write, :value {text}}}',
        f'{{:process :nemesis, :type :info, :f :start, :value {text}}}',
        f'{{:process 0, :type :ok, :f :write, :value {text}}}',
        '{:process 1, :type :invoke, :f :read, :value nil}',
        f'{{:process 1, :type :info, :f :read, :value nil, :error {text}}}',
        '{:process 2, :type :invoke, :f :read, :value nil}',
        '{:process 2, :type :ok, :f :read, :value "שלום"}',
    ]) + "\n"


SMALL = """\
{:process 0, :type :invoke, :f :enqueue, :value 1, :time 100}
{:process 1, :type :invoke, :f :enqueue, :value 2, :time 180}
{:process 0, :type :ok, :f :enqueue, :value 1, :time 420}
{:process 2, :type :invoke, :f :dequeue, :value nil, :time 500}
{:process 1, :type :ok, :f :enqueue, :value 2, :time 610}
{:process 0, :type :invoke, :f :enqueue, :value 3, :time 700}
{:process 2, :type :ok, :f :dequeue, :value 1, :time 820}
{:process 2, :type :invoke, :f :dequeue, :value nil, :time 900}
{:process 0, :type :ok, :f :enqueue, :value 3, :time 1000}
{:process 2, :type :ok, :f :dequeue, :value 3, :time 1100}
{:process 1, :type :invoke, :f :dequeue, :value nil, :time 1250}
{:process 1, :type :ok, :f :dequeue, :value 2, :time 1400}
"""


# Right in an order that is not that of time: the read comes first.
STALE = """\
{:process 0, :type :invoke, :f :write, :value 1}
{:process 0, :type :ok, :f :write, :value 1}
{:process 1, :type :invoke, :f :read, :value nil}
{:process 1, :type :ok, :f :read, :value nil}
"""

# A client reads values in the other order than the one that wrote them: in no order of all.
BACKWARDS = """\
{:process 0, :type :invoke, :f :write, :value 1}
{:process 0, :type :ok, :f :write, :value 1}
{:process 0, :type :invoke, :f :write, :value 2}
{:process 0, :type :ok, :f :write, :value 2}
{:process 1, :type :invoke, :f :read, :value nil}
{:process 1, :type :ok, :f :read, :value 2}
{:process 1, :type :invoke, :f :read, :value nil}
{:process 1, :type :ok, :f :read, :value 1}
"""


class Pages:
    def __init__(self, tachograph, folder):
        self.tachograph, self.folder = tachograph, folder

    def make(self, name, content, model, code, *more):
        history, page = self.folder / f"{name}.edn", self.folder / f"{name}.html"
        history.write_text(content, encoding="utf-8")
        done = subprocess.run([self.tachograph, "view", history, "--model", model, "-o", page, *more])
        assert done.returncode == code, f"{name}: exit code {done.returncode}, not {code}"
        assert page.stat().st_size < 5_000_000, f"{name}: {page.stat().st_size} bytes"
        return page


def selected(browser):
    return browser.run("const it = page.selected(); return it && { bad: it.bad, from: it.from, number: it.number }")


def view(browser):
    return browser.run("return [page.view.from, page.view.to]")


def box(browser, invocation):
    return browser.run("return page.box(arguments[0])", invocation)


def on_screen(browser, invocation):
    it = box(browser, invocation)
    stage = browser.run("const it = document.querySelector('#canvas').getBoundingClientRect(); return [it.left, it.top, it.right, it.bottom]")
    return stage[0] < it["right"] and it["left"] < stage[2] and stage[1] < it["top"] and it["bottom"] < stage[3]


def a_violation_is_seen_and_explained(browser, pages):
    browser.open(pages.make("violation", register(10_000, 8, 1, marks=12, wrong_at=7000), "register", 1))
    assert browser.text("#verdict") == "✗ Violation"
    bad = selected(browser)
    assert bad["bad"] and on_screen(browser, bad["from"])
    assert "12345" in browser.text("#view-verdict") and "would return" in browser.text("#view-verdict")
    assert "nothing explains it" in browser.text("#detail")
    # Away, and back by the button and by the key.
    for back in (lambda: browser.push("#jump"), lambda: browser.press("v")):
        browser.press("\ue011")  # Home
        assert not on_screen(browser, bad["from"])
        back()
        assert selected(browser) == bad and on_screen(browser, bad["from"])
    # The bar itself is red.
    it = box(browser, bad["from"])
    colour = browser.run("""
        const canvas = document.querySelector("#canvas"), frame = canvas.getBoundingClientRect();
        return [...canvas.getContext("2d").getImageData((arguments[0] - frame.left) * devicePixelRatio, (arguments[1] - frame.top) * devicePixelRatio, 1, 1).data];
        """, it["right"] - 4, it["top"] + 3)
    assert colour[0] > 150 and colour[1] < 90 and colour[2] < 90, colour
    # The operations that are blocked are linked.
    browser.push("#view-verdict .blocked li:last-child button")
    assert selected(browser) is not None


def hovering_tells(browser, bad):
    it = box(browser, bad["from"])
    browser.move(1, 1)
    assert browser.run("return document.querySelector('#tip').hidden")
    browser.move((it["left"] + it["right"]) / 2, (it["top"] + it["bottom"]) / 2)
    assert not browser.run("return document.querySelector('#tip').hidden")
    tip = browser.text("#tip")
    assert "Read → Some(12345)" in tip, tip
    for word in ("Process", "Invoked", f"event {bad['from']}", "Completed", "Took", "µs"):
        assert word in tip, (word, tip)
    browser.move(1, 1)


def zooming_and_panning_move_the_view(browser):
    before = view(browser)
    centre = (600, 400)
    browser.wheel(*centre, -300)
    near = view(browser)
    assert near[1] - near[0] < (before[1] - before[0]) * 0.8
    browser.wheel(*centre, 300)
    again = view(browser)
    assert abs(again[0] - before[0]) < 1e-6 * (before[1] - before[0]) + 1e-6
    browser.drag(*centre, -200)
    assert view(browser)[0] > before[0]
    browser.press("0")
    assert view(browser)[1] - view(browser)[0] > 19_000
    browser.press("+")
    assert view(browser)[1] - view(browser)[0] < 19_000
    browser.push("#fit")


def search_finds(browser):
    browser.press("/")
    assert browser.run("return document.activeElement.id") == "query"
    browser.press("12345", "#query")
    assert browser.text("#hits") == "1 match", browser.text("#hits")
    browser.press("\ue007", "#query")
    assert selected(browser)["bad"]
    browser.run("document.querySelector('#query').value = ''")
    browser.press("p3", "#query")
    browser.press("\ue007", "#query")
    first = selected(browser)
    browser.press("\ue007", "#query")
    assert selected(browser)["from"] > first["from"] and "Process\n3" in browser.text("#detail")
    browser.press("\ue00c", "#query")
    assert browser.run("return page.hits().length") == 0
    browser.press("nothing like it", "#query")
    assert browser.text("#hits") == "no match"
    browser.press("\ue00c", "#query")


def keys_walk(browser):
    browser.press("\ue011")  # Home
    first = selected(browser)
    assert first["from"] == 0
    browser.press("\ue014")  # right
    second = selected(browser)
    assert second["from"] > 0
    assert "invoked at" in browser.run("return document.querySelector('#said').textContent")
    browser.press("\ue012")  # left
    assert selected(browser) == first
    browser.press("\ue015")  # down
    assert selected(browser) != first
    browser.press("]")
    step = selected(browser)
    browser.press("]")
    assert selected(browser)["number"] == step["number"] + 1
    browser.press("?")
    assert browser.run("return document.querySelector('#keys').open")
    browser.push("#keys button")
    browser.press("\ue00c")
    assert selected(browser) is None


def the_axis_can_be_time(browser):
    browser.press("v")
    bad = selected(browser)
    browser.push("#by-time")
    assert view(browser)[1] > 1e6 and on_screen(browser, bad["from"])
    it = box(browser, bad["from"])
    assert it["right"] > it["left"]
    browser.press("t")
    assert view(browser)[1] < 30_000


def tables_read_the_same(browser):
    browser.push("#tab-operations")
    rows = browser.run("return document.querySelectorAll('#view-operations tbody tr').length")
    assert rows == 100
    browser.press("\ue010")  # End
    assert "of 10000" in browser.text("#view-operations .pager")
    assert browser.run("return document.querySelectorAll('#view-operations [aria-current=true]').length") == 1
    browser.push("#tab-order")
    browser.push("#view-order tbody tr:first-child button")
    assert selected(browser)["number"] is not None
    browser.push("#tab-marks")
    assert browser.run("return document.querySelectorAll('#view-marks tbody tr').length") == 12
    names = browser.run("""
        return [...document.querySelectorAll('button, input, [role]')].filter((it) =>
            !(it.innerText || it.getAttribute('aria-label') || it.getAttribute('aria-labelledby') || it.hidden || it.id === 'tip' || it.role === 'status'
              || !it.offsetParent || it.querySelector('button')))
            .map((it) => it.outerHTML)""")
    assert not names, names
    browser.push("#tab-verdict")


def marks_are_vertical_bands(browser):
    browser.push("#tab-marks")
    browser.push("#view-marks tbody tr:first-child button")
    seen = browser.run_until_called("""
        const done = arguments[0], canvas = document.querySelector("#canvas"), context = canvas.getContext("2d");
        const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
        const mark = colour("mark"), sheet = [1, 3, 5].map((i) => parseInt(colour("sheet").slice(i, i + 2), 16));
        const lines = [];
        context.fillRect = function (x, y, w, h) {
          if (this.fillStyle === mark) lines.push({ x, y, h });
          return CanvasRenderingContext2D.prototype.fillRect.call(this, x, y, w, h);
        };
        page.zoom(1);
        requestAnimationFrame(() => requestAnimationFrame(() => {
          delete context.fillRect;
          if (!lines.length) return done({ lines });
          const ratio = canvas.width / canvas.clientWidth, { x, y } = lines[0];
          const reach = Math.round(4 * ratio), beside = 0, inside = 2 * reach;
          const copy = Object.assign(document.createElement("canvas"), { width: canvas.width, height: canvas.height });
          const copied = copy.getContext("2d", { willReadFrequently: true });
          copied.drawImage(canvas, 0, 0);
          const strip = copied.getImageData(Math.round(x * ratio) - reach, 0, inside + 1, canvas.height);
          // Where there is nothing beside it, is there the band?
          const is_sheet = (column, row) => sheet.every((of, i) => strip.data[4 * (row * strip.width + column) + i] === of);
          const rows = [...Array(canvas.height).keys()].filter((row) => row > y * ratio && is_sheet(beside, row));
          const gaps = rows.filter((row) => is_sheet(inside, row)).length;
          done({ lines, gaps, reach: (rows[rows.length - 1] - rows[0]) / ratio, height: canvas.clientHeight });
        }));""")
    assert seen["lines"], "no mark is on screen"
    for line in seen["lines"]:
        assert line["y"] + line["h"] >= seen["height"], seen
    # Its name stands on a line of the band.
    assert seen["gaps"] <= 20 and seen["reach"] > 0.7 * seen["height"], seen
    browser.push("#tab-verdict")


def dark_and_light(browser):
    def ground():
        return browser.run("return getComputedStyle(document.body).backgroundColor")
    light = ground()
    browser.push("#theme")
    assert ground() != light and browser.run("return document.documentElement.dataset.theme") == "dark"
    poor = contrasts(browser)
    browser.press("d")
    assert ground() == light
    poor += contrasts(browser)
    assert not poor, poor


def contrasts(browser):
    """The pairs of colours of text that fall short of WCAG AA."""
    return browser.run("""
        const style = getComputedStyle(document.documentElement);
        const light = (name) => {
          const hex = style.getPropertyValue("--" + name).trim();
          const [r, g, b] = [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16) / 255)
            .map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
          return 0.2126 * r + 0.7152 * g + 0.0722 * b;
        };
        const contrast = (a, b) => (Math.max(light(a), light(b)) + 0.05) / (Math.min(light(a), light(b)) + 0.05);
        const pairs = [["ink", "ground", 4.5], ["ink", "sheet", 4.5], ["soft", "ground", 4.5], ["soft", "sheet", 4.5], ["soft", "hover", 4.5],
          ["soft", "accent-soft", 4.5], ["ink", "accent-soft", 4.5], ["accent", "sheet", 4.5], ["accent", "accent-soft", 4.5],
          ["ok-ink", "ok", 4.5], ["fail-ink", "fail", 4.5], ["pale-ink", "pale", 4.5], ["info-ink", "info", 4.5], ["bad-ink", "bad", 4.5], ["bad-text", "bad-soft", 4.5],
          ["bad-text", "sheet", 4.5], ["good-text", "good-soft", 4.5], ["point-ink", "point", 4.5], ["mark", "sheet", 4.5],
          ["ok-edge", "sheet", 3], ["fail-edge", "sheet", 3], ["info-edge", "sheet", 3], ["bad", "sheet", 3], ["hit", "sheet", 3], ["edge", "sheet", 3]];
        return pairs.map(([a, b, least]) => [a, b, contrast(a, b), least]).filter(([,, is, least]) => is < least);""")


def frames(browser):
    """Zooms and pans through everything, and tells the times of frames in milliseconds."""
    browser.run("page.frames.length = 0")
    between = browser.run_until_called("""
        const done = arguments[0], between = [];
        let n = 0, last;
        page.showAll();
        const tick = (now) => {
          if (last !== undefined) between.push(now - last);
          last = now;
          if (++n > 240) return done(between);
          if (n < 100) page.zoom(0.93); else if (n < 140) page.pan((page.view.to - page.view.from) / 12); else page.zoom(1 / 0.93);
          requestAnimationFrame(tick);
        };
        requestAnimationFrame(tick);""")
    drawn = sorted(browser.run("return page.frames.map((frame) => frame.took)"))
    between.sort()
    at = lambda list, share: list[min(int(len(list) * share), len(list) - 1)]
    print(f"frames: drawing takes {at(drawn, 0.5):.1f} ms (median), {at(drawn, 0.99):.1f} (99 %), {drawn[-1]:.1f} (longest);"
          f" from frame to frame {at(between, 0.5):.1f}, {at(between, 0.99):.1f}, {between[-1]:.1f}")
    browser.press("v")


def what_is_off_the_screen_costs_nothing(browser, pages):
    """What makes it smooth, without a clock: a frame looks at the operations on the screen, and draws no more than has room there."""
    browser.open(pages.make("many", register(12_500, 4, 5), "register", 0))
    frames = browser.run_until_called("""
        const done = arguments[0], frames = [];
        let calls = 0;
        const context = CanvasRenderingContext2D.prototype;
        for (const name of ["fillRect", "rect", "roundRect", "arc", "moveTo", "lineTo", "fill", "stroke", "fillText", "strokeRect", "drawImage"]) {
          const draw = context[name];
          context[name] = function (...all) { calls++; return draw.apply(this, all); };
        }
        const operations = JSON.parse(document.getElementById("data").textContent).operations;
        const visible = () => operations.filter(([, from, to]) => from <= page.view.to && (to === null || to >= page.view.from)).length;
        page.showAll();
        const tick = () => {
          frames.push({ calls, visible: visible(), looked: page.frames[page.frames.length - 1].looked });
          calls = 0;
          if (frames.length > 80) return done(frames);
          if (frames.length < 40) page.zoom(0.86); else page.pan((page.view.to - page.view.from) * (frames.length % 2 ? 300 : -301));
          requestAnimationFrame(() => requestAnimationFrame(tick)); // it is drawn in between
        };
        requestAnimationFrame(() => requestAnimationFrame(tick));""")
    room = browser.run("return document.querySelector('#canvas').clientWidth")
    rows = 4
    assert frames[0]["visible"] == 12_500 and frames[-1]["visible"] < 100, (frames[0], frames[-1])
    for frame in frames:
        # Beyond those on the screen, one in each row that ends it.
        assert frame["looked"] <= frame["visible"] + rows, frame
        assert 0 < frame["calls"] <= rows * room + 2000, frame


def hostile_text_stays_text(browser, pages):
    browser.open(pages.make("hostile", hostile(), "register", 1))
    assert "broken into" not in browser.run("return document.title")
    assert browser.run("return document.querySelectorAll('img').length") == 0
    assert browser.run("return document.scripts.length") == 2
    browser.push("#tab-operations")
    shown = browser.text("#view-operations")
    assert "</script>" in shown and "\u202e" not in shown and "\x1b" not in shown, shown


def a_good_history_is_explained_too(browser, pages):
    browser.open(pages.make("linearizable", register(24, 3, 5), "register", 0))
    assert browser.text("#verdict") == "✓ Linearizable"
    assert browser.run("return document.querySelector('#jump').hidden")
    browser.push("#tab-order")
    numbers = browser.run("return [...document.querySelectorAll('#view-order tbody tr td:first-child')].map((it) => Number(it.innerText))")
    assert numbers == list(range(1, 25)), numbers
    browser.press("]")
    assert selected(browser)["number"] == 1 and "State then" in browser.text("#detail")


def a_long_history_is_shown_in_part(browser, pages):
    browser.open(pages.make("long", register(60_000, 4, 3, wrong_at=40_000), "register", 1))
    assert "Only a part is shown" in browser.text("#notice") and "about the violation" in browser.text("#notice")
    bad = selected(browser)
    assert bad["bad"]
    pages.make("long-good", register(60_000, 4, 3), "register", 0)
    browser.open(pages.folder / "long-good.html")
    assert "the beginning" in browser.text("#notice")


def what_was_asked_is_what_is_told(browser, pages):
    for name, content, code, verdict in (("sequential", STALE, 0, "✓ Sequentially consistent"), ("backwards", BACKWARDS, 1, "✗ Violation")):
        browser.open(pages.make(name, content, "register", code, "--consistency", "sequential"))
        assert browser.text("#verdict") == verdict, browser.text("#verdict")
        told = browser.run("return document.querySelector('main').textContent + document.querySelector('#keys').textContent")
        for word in ("inearizab", "inearization", "nothing explains", "all is well", "one moment"):
            assert word not in told, (name, word)
        assert "those of each process keep theirs" in browser.text("#view-verdict"), name
    # What stands behind the end of an order that is not that of time was judged as well.
    assert selected(browser)["bad"] and "pale" not in browser.text("#view-verdict")
    browser.push("#tab-order")
    assert "A longest order that was found" in browser.text("#view-order")
    # The order goes back in time, and its dots are still drawn.
    browser.open(pages.folder / "sequential.html")
    browser.press("]]]")
    assert selected(browser)["from"] == 0, selected(browser)


def what_was_not_decided_says_so(browser, pages):
    browser.open(pages.make("unknown", register(2000, 4, 9), "register", 2, "--timeout", "0"))
    assert browser.text("#verdict") == "? Unknown"
    assert "neither a pass nor a failure" in browser.text("#view-verdict")


def a_history_without_operations_is_a_page_too(browser, pages):
    browser.open(pages.make("empty", '{:process :nemesis, :type :info, :f :start, :value nil}\n', "register", 0))
    for key in ("\ue011", "\ue014", "]", "v", "n", "0", "+", "t"):
        browser.press(key)
    assert selected(browser) is None


def screenshots(pages, folder):
    pages.make("violation", register(10_000, 8, 1, marks=12, wrong_at=7000), "register", 1)
    pages.make("unknown-outcomes", register(400, 5, 4, marks=3, unknown=0.03), "register", 0)
    small = pages.make("small", SMALL, "queue", 1)
    for dark in (False, True):
        name = "dark" if dark else "light"
        with Browser(dark) as browser:
            browser.open(small)
            browser.screenshot(folder / f"small-{name}.png")
            browser.push("#tab-order")
            browser.push("#by-time")
            browser.screenshot(folder / f"small-time-{name}.png")
            browser.open(pages.folder / "violation.html")
            browser.screenshot(folder / f"violation-{name}.png")
            browser.push("#fit")
            browser.screenshot(folder / f"all-{name}.png")
            browser.open(pages.folder / "linearizable.html")
            browser.push("#tab-order")
            browser.press("]]]]]")
            browser.screenshot(folder / f"linearizable-{name}.png")
            it = box(browser, 0)
            browser.move((it["left"] + it["right"]) / 2, it["top"] + 8)
            browser.screenshot(folder / f"hover-{name}.png")
            browser.open(pages.folder / "unknown-outcomes.html")
            browser.screenshot(folder / f"unknown-outcomes-{name}.png")
            browser.press("?")
            browser.screenshot(folder / f"help-{name}.png")
        with Browser(dark, (500, 1000)) as browser:
            browser.open(small)
            browser.screenshot(folder / f"narrow-{name}.png")


def main():
    pages = Pages(sys.argv[1], pathlib.Path(sys.argv[2]))
    with Browser() as browser:
        def trial(test, *arguments):
            test(browser, *arguments)
            complaints = browser.complaints()
            assert not complaints, f"{test.__name__}: {complaints}"
            print(test.__name__.replace("_", " "))

        trial(a_violation_is_seen_and_explained, pages)
        browser.press("v")
        trial(hovering_tells, selected(browser))
        trial(zooming_and_panning_move_the_view)
        trial(search_finds)
        trial(keys_walk)
        trial(the_axis_can_be_time)
        trial(tables_read_the_same)
        trial(marks_are_vertical_bands)
        trial(dark_and_light)
        trial(frames)
        trial(what_is_off_the_screen_costs_nothing, pages)
        trial(hostile_text_stays_text, pages)
        trial(a_good_history_is_explained_too, pages)
        trial(a_long_history_is_shown_in_part, pages)
        trial(what_was_asked_is_what_is_told, pages)
        trial(what_was_not_decided_says_so, pages)
        trial(a_history_without_operations_is_a_page_too, pages)
    with Browser(dark=True) as browser:
        browser.open(pages.folder / "violation.html")
        assert browser.run("return document.documentElement.dataset.theme") == "dark"
        print("the browser's own choice of dark is followed")
    if len(sys.argv) > 3:
        folder = pathlib.Path(sys.argv[3])
        folder.mkdir(parents=True, exist_ok=True)
        screenshots(pages, folder)


main()
