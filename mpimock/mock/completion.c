/* SPDX-License-Identifier: BSD-2-Clause */
/* completion.c: the functions that complete requests, ask after them, cancel and free them (MPI-3.1 §3.7.3 to §3.7.6,
 * §3.8.4).
 *
 * Null handles and inactive persistent requests count as complete, with the empty status, but are never the one that
 * MPI_Waitany and the like report. MPI_Waitall returns as soon as one request failed: the others, if not complete, are
 * MPI_ERR_PENDING and can still be completed (§3.7.5).
 */
#include <stdlib.h>

#include "needs.h"
#include "transfer.h"
#include "waiting.h"

/* Several requests of the user, looked up once. NULL: a null handle. */
struct several {
    int count;
    MPI_Request *handles;
    struct mock_request **requests;
    struct mock_request *few[32];
    int complete;      /* of the first ones, all are */
    uint32_t failures; /* request_failures when it was last looked at */
};

static void several_finish(struct several *several)
{
    if (several->requests != several->few)
        free(several->requests);
}

static int several_init(struct several *several, int count, MPI_Request handles[])
{
    several->count = count;
    several->handles = handles;
    several->requests = several->few;
    several->complete = 0;
    several->failures = request_failures - 1;
    if (count < 0)
        return mpimock_error(MPI_ERR_COUNT, "the count is %d", count);
    if (count > (int)(sizeof several->few / sizeof several->few[0])) {
        several->requests = malloc((size_t)count * sizeof(struct mock_request *));
        if (several->requests == NULL)
            return mpimock_error(MPI_ERR_NO_MEM, "no memory for %d requests", count);
    }
    for (int i = 0; i < count; i++) {
        several->requests[i] = handles[i] == MPI_REQUEST_NULL ? NULL : request_of(handles[i]);
        if (several->requests[i] == NULL && handles[i] != MPI_REQUEST_NULL) {
            several_finish(several);
            return mpimock_error(MPI_ERR_REQUEST, "request %d of %d is not a request, or one that is over", i, count);
        }
    }
    return MPI_SUCCESS;
}

static bool is_active(const struct mock_request *request)
{
    return request != NULL && request->active;
}

static bool is_open(const struct mock_request *request)
{
    return is_active(request) && !request->complete;
}

/* An active one that is complete, from `from` on; -1: none. */
static int next_complete(const struct several *several, int from)
{
    for (int i = from; i < several->count; i++)
        if (is_active(several->requests[i]) && several->requests[i]->complete)
            return i;
    return -1;
}

static bool none_active(const struct several *several)
{
    for (int i = 0; i < several->count; i++)
        if (is_active(several->requests[i]))
            return false;
    return true;
}

static bool one_failed(struct several *several)
{
    if (several->failures == request_failures)
        return false;
    several->failures = request_failures;
    for (int i = 0; i < several->count; i++)
        if (is_active(several->requests[i]) && several->requests[i]->complete &&
            several->requests[i]->error != MPI_SUCCESS)
            return true;
    return false;
}

static bool all_complete(void *argument)
{
    struct several *several = argument;
    while (several->complete < several->count && !is_open(several->requests[several->complete]))
        several->complete++;
    return several->complete == several->count;
}

static bool all_complete_or_one_failed(void *argument)
{
    return all_complete(argument) || one_failed(argument);
}

static bool one_complete(void *argument)
{
    return next_complete(argument, 0) >= 0;
}

static void add_part(const struct mock_request *request, struct segment_wait *wait)
{
    struct segment_wait one = {.kind = SEGMENT_WAIT_OTHER};
    request_describe(request, &one);
    wait->parts[wait->requests] = (struct segment_part){one.kind, one.peer, one.peer_world, one.tag};
}

static void describe_several(const struct several *several, bool any, struct segment_wait *wait)
{
    uint32_t open = 0;
    for (int i = 0; i < several->count; i++) {
        const struct mock_request *request = several->requests[i];
        if (!is_open(request))
            continue;
        if (open == 0)
            request_describe(request, wait);
        wait->requests = open;
        if (open < SEGMENT_WAIT_PARTS)
            add_part(request, wait);
        needs_add_request(wait, request, any);
        open++;
    }
    wait->requests = open;
    wait->any = any;
}

static void describe_all(void *argument, struct segment_wait *wait)
{
    describe_several(argument, false, wait);
}

static void describe_any(void *argument, struct segment_wait *wait)
{
    describe_several(argument, true, wait);
}

/* Tells the user of request i, which is complete or counts as such, and returns its error; `with_error`: in the status
 * too. */
static int finish_one(struct several *several, int i, MPI_Status *status, bool with_error)
{
    struct mock_request *request = several->requests[i];
    int error = !is_active(request) ? MPI_SUCCESS : with_error ? request->error : request_report(request);
    if (with_error)
        request_status_with_error(request, status, error);
    else
        request_status(request, status);
    if (is_active(request))
        request_retire(request, &several->handles[i]);
    return error;
}

/* The first that is complete with an error, or -1; its explanation as an MPI error then. */
static int find_failed(const struct several *several, int *error)
{
    char text[256];
    for (int i = 0; i < several->count; i++) {
        const struct mock_request *request = several->requests[i];
        if (!is_active(request) || !request->complete || request->error == MPI_SUCCESS)
            continue;
        if (request->kind != REQUEST_OTHER)
            mpimock_error_comm(request->comm);
        request_explain(request, text, sizeof text);
        *error = mpimock_error(MPI_ERR_IN_STATUS, "request %d of %d: %s", i, several->count, text);
        return i;
    }
    return -1;
}

/* Finishes all, or those that are complete when one failed. */
static int finish_all(struct several *several, MPI_Status statuses[])
{
    int error = MPI_SUCCESS;
    bool failed = find_failed(several, &error) >= 0;
    for (int i = 0; i < several->count; i++) {
        MPI_Status *status = statuses == MPI_STATUSES_IGNORE ? MPI_STATUS_IGNORE : &statuses[i];
        if (is_open(several->requests[i])) {
            if (status != MPI_STATUS_IGNORE)
                status->MPI_ERROR = MPI_ERR_PENDING;
            continue;
        }
        finish_one(several, i, status, failed);
    }
    return error;
}

int mock_Wait(MPI_Request *request, MPI_Status *status)
{
    struct several several;
    mock_lock();
    int error = several_init(&several, 1, request);
    if (error == MPI_SUCCESS && is_open(several.requests[0]))
        error = mock_wait_until(&(struct waiting){all_complete, describe_all, &several, NULL});
    if (error == MPI_SUCCESS)
        error = finish_one(&several, 0, status, false);
    mock_unlock();
    return error;
}

int mock_Waitall(int count, MPI_Request array_of_requests[], MPI_Status array_of_statuses[])
{
    struct several several;
    mock_lock();
    int error = several_init(&several, count, array_of_requests);
    if (error == MPI_SUCCESS) {
        error = mock_wait_until(&(struct waiting){all_complete_or_one_failed, describe_all, &several, NULL});
        if (error == MPI_SUCCESS)
            error = finish_all(&several, array_of_statuses);
        several_finish(&several);
    }
    mock_unlock();
    return error;
}

int mock_Waitany(int count, MPI_Request array_of_requests[], int *index, MPI_Status *status)
{
    struct several several;
    mock_lock();
    int error = several_init(&several, count, array_of_requests);
    if (error == MPI_SUCCESS && none_active(&several)) {
        *index = MPI_UNDEFINED;
        request_status(NULL, status);
        several_finish(&several);
    } else if (error == MPI_SUCCESS) {
        error = mock_wait_until(&(struct waiting){one_complete, describe_any, &several, NULL});
        if (error == MPI_SUCCESS) {
            *index = next_complete(&several, 0);
            error = finish_one(&several, *index, status, false);
        }
        several_finish(&several);
    }
    mock_unlock();
    return error;
}

/* All that are complete now. */
static int finish_some(struct several *several, int *outcount, int indices[], MPI_Status statuses[])
{
    int count = 0, error = MPI_SUCCESS;
    bool failed = find_failed(several, &error) >= 0;
    for (int i = next_complete(several, 0); i >= 0; i = next_complete(several, i + 1)) {
        MPI_Status *status = statuses == MPI_STATUSES_IGNORE ? MPI_STATUS_IGNORE : &statuses[count];
        finish_one(several, i, status, failed);
        several->requests[i] = NULL;
        indices[count++] = i;
    }
    *outcount = count;
    return error;
}

static int complete_some(int incount, MPI_Request requests[], int *outcount, int indices[], MPI_Status statuses[],
                         bool blocking)
{
    struct several several;
    mock_lock();
    int error = several_init(&several, incount, requests);
    if (error == MPI_SUCCESS) {
        if (none_active(&several)) {
            *outcount = MPI_UNDEFINED;
        } else {
            if (blocking)
                error = mock_wait_until(&(struct waiting){one_complete, describe_any, &several, NULL});
            else
                transfer_progress();
            if (error == MPI_SUCCESS)
                error = finish_some(&several, outcount, indices, statuses);
        }
        several_finish(&several);
    }
    mock_unlock();
    return error;
}

int mock_Waitsome(int incount, MPI_Request array_of_requests[], int *outcount, int array_of_indices[],
                  MPI_Status array_of_statuses[])
{
    return complete_some(incount, array_of_requests, outcount, array_of_indices, array_of_statuses, true);
}

int mock_Testsome(int incount, MPI_Request array_of_requests[], int *outcount, int array_of_indices[],
                  MPI_Status array_of_statuses[])
{
    int error = complete_some(incount, array_of_requests, outcount, array_of_indices, array_of_statuses, false);
    if (error == MPI_SUCCESS && *outcount == 0)
        mock_yield();
    return error;
}

int mock_Test(MPI_Request *request, int *flag, MPI_Status *status)
{
    struct several several;
    mock_lock();
    int error = several_init(&several, 1, request);
    if (error == MPI_SUCCESS) {
        transfer_progress();
        *flag = !is_open(several.requests[0]);
        if (*flag)
            error = finish_one(&several, 0, status, false);
    }
    mock_unlock();
    if (error == MPI_SUCCESS && !*flag)
        mock_yield();
    return error;
}

int mock_Testall(int count, MPI_Request array_of_requests[], int *flag, MPI_Status array_of_statuses[])
{
    struct several several;
    mock_lock();
    int error = several_init(&several, count, array_of_requests);
    if (error == MPI_SUCCESS) {
        transfer_progress();
        *flag = all_complete_or_one_failed(&several);
        if (*flag)
            error = finish_all(&several, array_of_statuses);
        several_finish(&several);
    }
    mock_unlock();
    if (error == MPI_SUCCESS && !*flag)
        mock_yield();
    return error;
}

int mock_Testany(int count, MPI_Request array_of_requests[], int *index, int *flag, MPI_Status *status)
{
    struct several several;
    mock_lock();
    int error = several_init(&several, count, array_of_requests);
    if (error == MPI_SUCCESS) {
        transfer_progress();
        int found = next_complete(&several, 0);
        *index = found >= 0 ? found : MPI_UNDEFINED;
        *flag = found >= 0 || none_active(&several);
        if (found >= 0)
            error = finish_one(&several, found, status, false);
        else if (*flag)
            request_status(NULL, status);
        several_finish(&several);
    }
    mock_unlock();
    if (error == MPI_SUCCESS && !*flag)
        mock_yield();
    return error;
}

int mock_Request_get_status(MPI_Request request, int *flag, MPI_Status *status)
{
    struct several several;
    mock_lock();
    int error = several_init(&several, 1, &request);
    if (error == MPI_SUCCESS) {
        transfer_progress();
        *flag = !is_open(several.requests[0]);
        if (*flag)
            request_status(several.requests[0], status);
    }
    mock_unlock();
    if (error == MPI_SUCCESS && !*flag)
        mock_yield();
    return error;
}

/* A request that is active goes on, and is released when it is complete (MPI-3.1 §3.7.3). */
int mock_Request_free(MPI_Request *handle)
{
    int error = MPI_SUCCESS;
    mock_lock();
    struct mock_request *request = request_of(*handle);
    if (request == NULL) {
        error = mpimock_error(MPI_ERR_REQUEST, "not a request, or one that is over");
    } else {
        if (request->active && !request->complete) {
            handle_destroy(HANDLE_REQUEST, request->handle);
            request->handle = 0;
            request->detached = true;
        } else {
            request_release(request);
        }
        *handle = MPI_REQUEST_NULL;
    }
    mock_unlock();
    return error;
}

int mock_Cancel(MPI_Request *handle)
{
    int error;
    mock_lock();
    struct mock_request *request = request_of(*handle);
    if (request == NULL)
        error = mpimock_error(MPI_ERR_REQUEST, "not a request, or one that is over");
    else if (!request->active)
        error = mpimock_error(MPI_ERR_REQUEST, "the persistent request was not started");
    else if (request->kind == REQUEST_OTHER)
        error = mpimock_error(MPI_ERR_REQUEST, "only sends and receives can be cancelled");
    else
        error = transfer_cancel(request);
    mock_unlock();
    return error;
}
