/* SPDX-License-Identifier: BSD-2-Clause */
/* requests.c: see requests.h. Linear probing; what is taken away closes the gap behind it, so no place is ever
 * marked as deleted. */
#include "requests.h"

#include <stdlib.h>

#include "../../mpimock/mock/handle.h"

#define CAPACITY_MIN 64

static size_t home(const struct guard_requests *self, MPI_Request request)
{
    uint64_t hash = (uint64_t)HANDLE_KEY(request) * UINT64_C(0x9e3779b97f4a7c15);
    return (size_t)(hash >> 32) & (self->capacity - 1);
}

static struct guard_request *place_of(const struct guard_requests *self, MPI_Request request)
{
    size_t i = home(self, request);
    while (self->places[i].request != MPI_REQUEST_NULL && self->places[i].request != request)
        i = (i + 1) & (self->capacity - 1);
    return &self->places[i];
}

static int grow(struct guard_requests *self)
{
    struct guard_requests larger = {.capacity = self->capacity ? 2 * self->capacity : CAPACITY_MIN, .used = self->used};
    larger.places = malloc(larger.capacity * sizeof *larger.places);
    if (!larger.places)
        return -1;
    for (size_t i = 0; i < larger.capacity; i++)
        larger.places[i] = (struct guard_request){.request = MPI_REQUEST_NULL};
    for (size_t i = 0; i < self->capacity; i++)
        if (self->places[i].request != MPI_REQUEST_NULL)
            *place_of(&larger, self->places[i].request) = self->places[i];
    free(self->places);
    *self = larger;
    return 0;
}

struct guard_request *guard_requests_add(struct guard_requests *self, MPI_Request request, enum guard_request_kind kind)
{
    if (4 * (self->used + 1) > 3 * self->capacity && grow(self) != 0)
        return NULL;
    struct guard_request *place = place_of(self, request);
    if (place->request == MPI_REQUEST_NULL) {
        *place = (struct guard_request){.request = request, .kind = kind};
        self->used++;
    }
    place->count++;
    return place;
}

struct guard_request *guard_requests_find(const struct guard_requests *self, MPI_Request request)
{
    if (self->capacity == 0 || request == MPI_REQUEST_NULL)
        return NULL;
    struct guard_request *place = place_of(self, request);
    return place->request == MPI_REQUEST_NULL ? NULL : place;
}

int guard_requests_remove(struct guard_requests *self, MPI_Request request)
{
    struct guard_request *place = guard_requests_find(self, request);
    if (!place)
        return -1;
    int kind = (int)place->kind;
    if (--place->count > 0)
        return kind;
    free(place->memory);
    size_t gap = (size_t)(place - self->places), mask = self->capacity - 1;
    for (size_t i = (gap + 1) & mask; self->places[i].request != MPI_REQUEST_NULL; i = (i + 1) & mask) {
        /* It may move into the gap if that is not before its home. */
        if (((i - home(self, self->places[i].request)) & mask) >= ((i - gap) & mask)) {
            self->places[gap] = self->places[i];
            gap = i;
        }
    }
    self->places[gap].request = MPI_REQUEST_NULL;
    self->used--;
    return kind;
}

void guard_requests_finish(struct guard_requests *self)
{
    free(self->places);
    *self = (struct guard_requests){NULL, 0, 0};
}
