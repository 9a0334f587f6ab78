/* SPDX-License-Identifier: BSD-2-Clause */
/* notice.h: who leaves a test before its end tells so to its team-mates, directly, so that none of them waits for it.
 *
 * A notice belongs to the test whose team has its serial number (message_assign). It may come before the test has begun on
 * this rank, or after it has ended: the former are kept, the latter dropped. Whoever may be in a blocking call looks for
 * one again and again.
 */
#ifndef MRT_NOTICE_H
#define MRT_NOTICE_H

#include "control.h"

#define NOTICE_REASON_MAX 3072 /* with the zero byte; longer ones are cut. Small enough to be sent eagerly everywhere */

/* Tells all other members that member `me` leaves. Returns at once: control_flush waits until the notices have left. 0, or
 * a negative errno value. */
int notice_send(struct control *control, const uint32_t members[], uint32_t size, uint32_t serial, uint32_t me,
                enum outcome outcome, const char *reason);
/* Has a notice come for this test? Takes it; its reason is valid until the next call. Drops those of earlier tests. */
bool notice_take(struct control *control, uint32_t serial, struct message_notice *notice);
/* Frees what is kept. */
void notice_forget(struct control *control);

#endif
