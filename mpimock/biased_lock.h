/* SPDX-License-Identifier: BSD-2-Clause */
/* biased_lock.h: a lock for a few loads and stores that costs one thread, the owner, no atomic operation as long as no
 * other thread has taken it. Most tests call MPI from one thread only, and a locked instruction takes as long as much
 * of what is to be done under the lock.
 *
 *     biased ──▶ ending ──▶ ended, for good
 *
 * Biased: the owner says that it is inside by a plain store, and looks at the state. The first other thread to come
 * says that the bias ends, makes that seen (membarrier(2): every running thread of the process passes a full barrier),
 * and waits until the owner is not inside. So either the owner's look sees that the bias has ended, or the other thread
 * sees the owner inside. From then on all take the flag: in `ending` the owner alone, in `ended` everyone.
 *
 * It does not nest. Who leaves the owner's section by a long jump calls biased_lock_own again.
 */
#ifndef MPIMOCK_BIASED_LOCK_H
#define MPIMOCK_BIASED_LOCK_H

#include <linux/membarrier.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

struct biased_lock {
    const void *_Atomic owner; /* NULL: none yet, so whoever comes first ends the bias */
    _Atomic enum biased_lock_state { BIASED, BIAS_ENDING, BIAS_ENDED } state;
    atomic_bool inside; /* the owner is, and has not taken the flag */
    atomic_flag flag;
};
#define BIASED_LOCK_INIT                                                                                               \
    {                                                                                                                  \
        .flag = ATOMIC_FLAG_INIT                                                                                       \
    }

/* All processors that run this process pass a full barrier. False: the kernel cannot. */
static inline bool biased_lock_barrier(void)
{
    if (syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) == 0)
        return true;
    return syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0 &&
           syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) == 0;
}

/* The calling thread is the owner, and does not hold the lock. `self` is an address of its own, of a thread-local
 * variable, here and below. Where there was another owner, or the kernel has no such barrier, there is no bias. */
static inline void biased_lock_own(struct biased_lock *lock, const void *self)
{
    const void *before = atomic_load(&lock->owner);
    if (before == NULL && biased_lock_barrier())
        atomic_store(&lock->owner, self);
    else if (before != self)
        atomic_store(&lock->state, BIAS_ENDED);
    atomic_store(&lock->inside, false);
}

/* By another thread than the owner; does nothing that matters if several do so. */
static inline void biased_lock_end_bias(struct biased_lock *lock)
{
    enum biased_lock_state biased = BIASED;
    atomic_compare_exchange_strong(&lock->state, &biased, BIAS_ENDING);
    biased_lock_barrier();
    while (atomic_load_explicit(&lock->inside, memory_order_acquire))
        continue;
    atomic_store(&lock->state, BIAS_ENDED);
}

/* Has the owner come in without the flag? */
static inline bool biased_lock_enter(struct biased_lock *lock, const void *self)
{
    if (__builtin_expect(atomic_load_explicit(&lock->owner, memory_order_relaxed) == self, 1)) {
        atomic_store_explicit(&lock->inside, true, memory_order_relaxed);
        atomic_signal_fence(memory_order_seq_cst); /* the processor's part is the other thread's barrier */
        if (__builtin_expect(atomic_load_explicit(&lock->state, memory_order_relaxed) == BIASED, 1))
            return true;
        atomic_store_explicit(&lock->inside, false, memory_order_release);
    } else if (atomic_load_explicit(&lock->state, memory_order_acquire) != BIAS_ENDED) {
        biased_lock_end_bias(lock);
    }
    return false;
}

static inline bool biased_lock_try(struct biased_lock *lock, const void *self)
{
    return biased_lock_enter(lock, self) || !atomic_flag_test_and_set_explicit(&lock->flag, memory_order_acquire);
}
static inline void biased_lock_take(struct biased_lock *lock, const void *self)
{
    if (biased_lock_enter(lock, self))
        return;
    while (atomic_flag_test_and_set_explicit(&lock->flag, memory_order_acquire))
        continue;
}
static inline void biased_lock_give(struct biased_lock *lock, const void *self)
{
    if (__builtin_expect(atomic_load_explicit(&lock->owner, memory_order_relaxed) == self &&
                             atomic_load_explicit(&lock->inside, memory_order_relaxed),
                         1))
        atomic_store_explicit(&lock->inside, false, memory_order_release);
    else
        atomic_flag_clear_explicit(&lock->flag, memory_order_release);
}

#endif
