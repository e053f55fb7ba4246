/* SPDX-License-Identifier: MIT */
/*
 * Backtraces by the compiler's run-time library and its unwind information, so
 * code needs no frame pointers; see backtrace_internal.h.
 *
 * In the unwind information below, expressions are DWARF's (dwarfstd.org, 2.5 and
 * 6.4.2): 0x0f defines the frame's address (the caller's stack pointer), 0x10 where
 * a register of the caller lies.
 */
#include "backtrace_internal.h"

#include <dlfcn.h>
#include <link.h>
#include <string.h>
#include <unistd.h>
#include <unwind.h>

#include "context_internal.h"
#include "sched_internal.h"
#include "symbols_internal.h"

struct walk {
    void **frames;
    int count, most;
    bool skip; /* until the frame of diesel__unwind_from() */
};

#if defined DIESEL_SWITCH_UCONTEXT
#define CAN_UNWIND 0
#else
#define CAN_UNWIND 1

/* Calls fn(arg), to whose unwinding the caller is the suspended context. */
void diesel__unwind_from(const diesel__context *context, void (*fn)(void *arg),
                         void *arg) __attribute__((visibility("hidden")));
extern const char diesel__unwind_from_end[]
    __attribute__((visibility("hidden")));

#if defined __x86_64__
/* rbx holds the context: { rsp, rbp, rip }. */
__asm__(".text\n"
        ".hidden diesel__unwind_from\n"
        ".globl diesel__unwind_from\n"
        ".type diesel__unwind_from, @function\n"
        "diesel__unwind_from:\n"
        ".cfi_startproc\n"
        "pushq %rbx\n"
        ".cfi_adjust_cfa_offset 8\n"
        ".cfi_rel_offset %rbx, 0\n"
        "movq %rdi, %rbx\n"
        "movq %rdx, %rdi\n"
        ".cfi_remember_state\n"
        ".cfi_escape 0x0f, 3, 0x73, 0, 0x06\n"  /* frame = *(rbx + 0)     */
        ".cfi_escape 0x10, 16, 2, 0x73, 16\n"   /* rip lies at rbx + 16   */
        ".cfi_escape 0x10, 6, 2, 0x73, 8\n"     /* rbp lies at rbx + 8    */
        ".cfi_undefined %rbx\n"
        "callq *%rsi\n"
        ".cfi_restore_state\n"
        "popq %rbx\n"
        ".cfi_adjust_cfa_offset -8\n"
        ".cfi_restore %rbx\n"
        "retq\n"
        ".hidden diesel__unwind_from_end\n"
        ".globl diesel__unwind_from_end\n"
        "diesel__unwind_from_end:\n"
        ".cfi_endproc\n"
        ".size diesel__unwind_from, . - diesel__unwind_from\n");

/* A context that has not run yet stands at the first instruction of its function,
 * of which no caller is known. */
static void *not_begun(const diesel_fiber *fiber)
{
    void *ip = fiber->context.ip;
    return ip == (void *)diesel__fiber_main ? ip : NULL;
}
#else
/* x19 holds the context; *x19 is its stack pointer, where registers lie as
 * switch_aarch64.S says, 160 bytes. */
__asm__(".text\n"
        ".hidden diesel__unwind_from\n"
        ".globl diesel__unwind_from\n"
        ".type diesel__unwind_from, %function\n"
        "diesel__unwind_from:\n"
        ".cfi_startproc\n"
        "stp x29, x30, [sp, #-32]!\n"
        ".cfi_adjust_cfa_offset 32\n"
        ".cfi_rel_offset x29, 0\n"
        ".cfi_rel_offset x30, 8\n"
        "str x19, [sp, #16]\n"
        ".cfi_rel_offset x19, 16\n"
        "mov x29, sp\n"
        "mov x19, x0\n"
        "mov x0, x2\n"
        ".cfi_remember_state\n"
        ".cfi_escape 0x0f, 6, 0x83, 0, 0x06, 0x23, 0xa0, 0x01\n" /* + 160 */
        ".cfi_escape 0x10, 29, 5, 0x83, 0, 0x06, 0x23, 80\n"
        ".cfi_escape 0x10, 30, 6, 0x83, 0, 0x06, 0x23, 0xd8, 0x00\n" /* + 88 */
        ".cfi_escape 0x10, 19, 3, 0x83, 0, 0x06\n"
        "blr x1\n"
        ".cfi_restore_state\n"
        "ldr x19, [sp, #16]\n"
        "ldp x29, x30, [sp], #32\n"
        ".cfi_adjust_cfa_offset -32\n"
        ".cfi_restore x29\n"
        ".cfi_restore x30\n"
        ".cfi_restore x19\n"
        "ret\n"
        ".hidden diesel__unwind_from_end\n"
        ".globl diesel__unwind_from_end\n"
        "diesel__unwind_from_end:\n"
        ".cfi_endproc\n"
        ".size diesel__unwind_from, . - diesel__unwind_from\n");

void diesel__context_start(void);

static void *not_begun(const diesel_fiber *fiber)
{
    void *const *registers = fiber->context.sp;
    return registers[11] == (void *)diesel__context_start ? registers[11] : NULL;
}
#endif
#endif

static _Unwind_Reason_Code step(struct _Unwind_Context *context, void *arg)
{
    struct walk *walk = arg;
    void *ip = (void *)_Unwind_GetIP(context);
    if (ip == NULL || walk->count == walk->most)
        return _URC_END_OF_STACK;
#if CAN_UNWIND
    if (walk->skip) {
        walk->skip = !((char *)ip > (char *)diesel__unwind_from &&
                       (const char *)ip < diesel__unwind_from_end);
        return _URC_NO_REASON;
    }
#endif
    walk->frames[walk->count++] = ip;
    return _URC_NO_REASON;
}

int diesel__backtrace(void **frames, int most)
{
    struct walk walk = {.frames = frames, .most = most};
    _Unwind_Backtrace(step, &walk);
    return walk.count;
}

#if CAN_UNWIND
static void walk_from(void *arg)
{
    _Unwind_Backtrace(step, arg);
    __asm__ volatile("" ::: "memory"); /* no tail call: its frame must be there */
}
#endif

int diesel__backtrace_of(const diesel_fiber *fiber, void **frames, int most)
{
    if (fiber == diesel__current->current)
        return diesel__backtrace(frames, most);
#if CAN_UNWIND
    if (not_begun(fiber) != NULL) {
        frames[0] = (void *)fiber->fn;
        return 1;
    }
    struct walk walk = {.frames = frames, .most = most, .skip = true};
    diesel__unwind_from(&fiber->context, walk_from, &walk);
    return walk.count;
#else
    (void)frames, (void)most;
    return 0;
#endif
}

/* An executable that is not position-independent is loaded where its addresses
 * say; all else from its base on. */
static uintptr_t offset_in_file(const Dl_info *info, const char *at)
{
    const ElfW(Ehdr) *head = info->dli_fbase;
    return head->e_type == ET_EXEC ? (uintptr_t)at
                                   : (uintptr_t)at - (uintptr_t)info->dli_fbase;
}

void diesel__backtrace_frame(diesel__text *text, void *frame)
{
    Dl_info info;
    char name[200];
    uintptr_t distance;
    /* A return address may be behind the function's end: the call's is not. */
    const char *at = (const char *)frame - 1;
    if (dladdr(at, &info) == 0 || info.dli_fname == NULL) {
        diesel__text_printf(text, "%p", frame);
        return;
    }
    const char *path = info.dli_fname;
    if (strchr(path, '/') == NULL || access(path, R_OK) < 0)
        path = "/proc/self/exe"; /* argv[0], as it was, or a vanished file */
    uintptr_t offset = offset_in_file(&info, at);
    if (diesel__symbol_find(path, offset, name, sizeof name, &distance))
        diesel__text_printf(text, "%s+0x%zx", name, (size_t)distance + 1);
    else if (info.dli_sname != NULL)
        diesel__text_printf(text, "%s+0x%tx", info.dli_sname,
                            (const char *)frame - (const char *)info.dli_saddr);
    else
        diesel__text_printf(text, "%s+0x%zx", basename(info.dli_fname),
                            (size_t)offset + 1);
}

void diesel__backtrace_line(diesel__text *text, void *const *frames, int count)
{
    for (int i = 0; i < count; i++) {
        if (i > 0)
            diesel__text_puts(text, " < ");
        diesel__backtrace_frame(text, frames[i]);
    }
}
