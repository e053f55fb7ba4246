# SPDX-License-Identifier: MIT
"""Commands of gdb for fibers of Diesel, in a running program and in a core dump.

    (gdb) source /usr/share/diesel/diesel-gdb.py
    (gdb) diesel fibers
    (gdb) diesel bt 3

It reads the structures of the library, whose debug information must be there.
Nothing is changed in the program: a backtrace is made by an unwinder that claims
that the selected thread's innermost frame was called by the fiber's.
"""

import re

import gdb
import gdb.unwinder

PARKED = -(2**31)  # DIESEL__PARKED of sched_internal.h


def holder(link, type_name, member):
    """The struct whose member the linked list's element is."""
    kind = gdb.lookup_type(type_name)
    offset = next(f.bitpos // 8 for f in kind.fields() if f.name == member)
    address = int(link) - offset
    return gdb.Value(address).cast(kind.pointer())


def elements(head, type_name, member):
    """The structs in the list with this head."""
    start = int(head.address)
    link = head["next"]
    while int(link) != start:
        yield holder(link, type_name, member)
        link = link["next"]


def string(pointer):
    if int(pointer) == 0:
        return "-"
    try:
        return pointer.string(errors="replace")
    except gdb.MemoryError:
        return "?"


def schedulers():
    try:
        sched = gdb.parse_and_eval("diesel__scheds")
        while int(sched) != 0:
            yield sched
            sched = sched["next_sched"]
    except gdb.error as error:
        raise gdb.GdbError(f"there is no Diesel with debug information: {error}")


def walk(sched):
    """(depth, scope, None) for each scope and (depth, scope, fiber) for each fiber."""
    todo = [(0, sched["root"].address)]
    while todo:
        depth, scope = todo.pop()
        yield depth, scope, None
        for fiber in elements(scope["fibers"], "struct diesel_fiber", "in_home"):
            yield depth + 1, scope, fiber
        inside = elements(scope["scopes"], "struct diesel_scope", "in_parent")
        todo.extend(reversed([(depth + 1, s) for s in inside]))


def state(sched, fiber):
    if int(sched["current"]) == int(fiber):
        return "running"
    return "waiting" if int(fiber["woken"]) == PARKED else "runnable"


def is_running(sched, fiber):
    return int(sched["current"]) == int(fiber)


def registers_of(fiber):
    """The registers of a suspended fiber, by name."""
    context = fiber["context"]
    names = [f.name for f in context.type.fields()]
    if names == ["sp", "bp", "ip"]:
        return {"rsp": context["sp"], "rbp": context["bp"], "rip": context["ip"]}
    if names == ["sp"]:  # AArch64: saved on the stack, see switch_aarch64.S
        long = gdb.lookup_type("unsigned long")
        saved = context["sp"].cast(long.pointer())
        registers = {"x%d" % (19 + i): saved[i] for i in range(11)}
        registers["pc"] = saved[11]
        registers["sp"] = int(context["sp"]) + 160
        return registers
    raise gdb.GdbError("fibers are switched with ucontext here: no backtrace")


class FiberUnwinder(gdb.unwinder.Unwinder):
    """While it has registers, the innermost frame has them as its caller's."""

    def __init__(self):
        super().__init__("diesel fiber")
        self.registers = None
        self.innermost = None

    @staticmethod
    def names(architecture):
        return ("sp", "pc") if "aarch64" in architecture else ("rsp", "rip")

    def begin(self, registers):
        frame = gdb.newest_frame()
        sp, pc = self.names(frame.architecture().name())
        self.innermost = (int(frame.read_register(sp)), int(frame.read_register(pc)))
        self.registers = registers
        gdb.invalidate_cached_frames()

    def end(self):
        self.registers = None
        gdb.invalidate_cached_frames()

    def __call__(self, pending):
        if self.registers is None:
            return None
        sp, pc = self.names(pending.architecture().name())
        here = (int(pending.read_register(sp)), int(pending.read_register(pc)))
        if here != self.innermost:
            return None
        long = gdb.lookup_type("unsigned long")

        class Id:
            pass

        frame_id = Id()
        frame_id.sp, frame_id.pc = (gdb.Value(x).cast(long) for x in here)
        info = pending.create_unwind_info(frame_id)
        for name, value in self.registers.items():
            kind = pending.read_register(name).type
            info.add_saved_register(name, gdb.Value(int(value)).cast(kind))
        return info


unwinder = FiberUnwinder()
gdb.unwinder.register_unwinder(None, unwinder, replace=True)


def backtrace(registers):
    """The lines of gdb's backtrace from these registers on, numbered from 0."""
    unwinder.begin(registers)
    try:
        text = gdb.execute("backtrace", to_string=True)
    finally:
        unwinder.end()
    lines = text.splitlines()
    start = next((i for i, l in enumerate(lines) if l.startswith("#1 ")), len(lines))

    def renumber(match):
        return "#%-3d" % (int(match.group(1)) - 1)

    return "\n".join(re.sub(r"^#(\d+) *", renumber, l) for l in lines[start:])


class Diesel(gdb.Command):
    """Fibers of Diesel: "diesel fibers", "diesel bt ID"."""

    def __init__(self):
        super().__init__("diesel", gdb.COMMAND_STACK, prefix=True)


class Fibers(gdb.Command):
    """List the fibers of all schedulers in their tree of scopes."""

    def __init__(self):
        super().__init__("diesel fibers", gdb.COMMAND_STACK)

    def invoke(self, argument, from_tty):
        for sched in schedulers():
            print("scheduler of thread %d, %d fibers"
                  % (int(sched["thread_id"]), int(sched["fibers"])))
            print("%6s  %-8s  %-32s  %s" % ("id", "state", "fiber", "waits for"))
            for depth, scope, fiber in walk(sched):
                indent = "  " * depth
                if fiber is None:
                    what = "cancelled" if int(scope["cancelled"]) else ""
                    print(("%6s  %-8s  %s[%s] %s" % (
                        "", "", indent, string(scope["label"]), what)).rstrip())
                    continue
                now = state(sched, fiber)
                waits = string(fiber["waiting_for"]) if now == "waiting" else ""
                print(("%6d  %-8s  %-32s  %s" % (
                    int(fiber["number"]), now, indent + string(fiber["label"]),
                    waits)).rstrip())


class Backtrace(gdb.Command):
    """Show where a fiber is: diesel bt ID, or "diesel bt all"."""

    def __init__(self):
        super().__init__("diesel bt", gdb.COMMAND_STACK)

    def invoke(self, argument, from_tty):
        if not argument:
            raise gdb.GdbError('which fiber? "diesel fibers" lists their ids')
        found = False
        for sched in schedulers():
            for _, _, fiber in walk(sched):
                if fiber is None:
                    continue
                if argument == "all" or argument == str(int(fiber["number"])):
                    found = True
                    self.show(sched, fiber)
        if not found and argument != "all":
            raise gdb.GdbError(f"there is no fiber with the id {argument}")

    @staticmethod
    def show(sched, fiber):
        print("fiber %d, %s" % (int(fiber["number"]), string(fiber["label"])))
        if is_running(sched, fiber):
            print("It runs: backtrace in thread %d." % int(sched["thread_id"]))
        else:
            print(backtrace(registers_of(fiber)))


Diesel()
Fibers()
Backtrace()
