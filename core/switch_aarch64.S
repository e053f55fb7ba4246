/* SPDX-License-Identifier: MIT */
/*
 * The switch for AArch64, AAPCS64.
 *
 * A suspended context is its stack pointer; on the stack lie the registers that
 * a callee must preserve, 160 bytes:
 *
 *     sp -> x19 x20 ... x28  x29 (frame)  x30 (return address)  d8 ... d15
 *
 * FPCR is not saved: it belongs to the thread.
 */
    .text

/* void diesel__context_switch(diesel__context *from, diesel__context *to) */
    .globl  diesel__context_switch
    .hidden diesel__context_switch
    .type   diesel__context_switch, %function
    .p2align 4
diesel__context_switch:
    .cfi_startproc
    sub     sp, sp, #160
    .cfi_adjust_cfa_offset 160
    stp     x19, x20, [sp, #0]
    stp     x21, x22, [sp, #16]
    stp     x23, x24, [sp, #32]
    stp     x25, x26, [sp, #48]
    stp     x27, x28, [sp, #64]
    stp     x29, x30, [sp, #80]
    .cfi_rel_offset x29, 80
    .cfi_rel_offset x30, 88
    stp     d8,  d9,  [sp, #96]
    stp     d10, d11, [sp, #112]
    stp     d12, d13, [sp, #128]
    stp     d14, d15, [sp, #144]
    mov     x9, sp
    str     x9, [x0]
    ldr     x9, [x1]
    mov     sp, x9
    ldp     x19, x20, [sp, #0]
    ldp     x21, x22, [sp, #16]
    ldp     x23, x24, [sp, #32]
    ldp     x25, x26, [sp, #48]
    ldp     x27, x28, [sp, #64]
    ldp     x29, x30, [sp, #80]
    ldp     d8,  d9,  [sp, #96]
    ldp     d10, d11, [sp, #112]
    ldp     d12, d13, [sp, #128]
    ldp     d14, d15, [sp, #144]
    add     sp, sp, #160
    .cfi_adjust_cfa_offset -160
    .cfi_restore x29
    .cfi_restore x30
    ret
    .cfi_endproc
    .size   diesel__context_switch, . - diesel__context_switch

/* Where a new context begins: jumps to the function in x19 with the context in x20
 * as its second argument. The return address is 0, where backtraces end. */
    .globl  diesel__context_start
    .hidden diesel__context_start
    .type   diesel__context_start, %function
    .p2align 4
diesel__context_start:
    .cfi_startproc
    mov     x1, x20
    mov     x29, xzr
    mov     x30, xzr
    br      x19
    .cfi_endproc
    .size   diesel__context_start, . - diesel__context_start

    .section .note.GNU-stack, "", %progbits
