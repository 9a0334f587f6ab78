/* SPDX-License-Identifier: BSD-2-Clause */
/* dims.c: MPI_Dims_create (MPI-3.1 §7.5.2): a balanced grid for a number of ranks.
 *
 * Balanced means here: of all grids the one whose largest side is smallest, of those the one whose next side is, and so
 * on; the sides that the call may choose come out in non-increasing order. The search goes over the divisors of the
 * number of ranks (never more than 1,536 for an int) and is exact.
 */
#include <stdlib.h>

#include "objects.h"

struct divisors {
    int count;
    int number[1536]; /* ascending; the most that an int below 2^31 has */
};

static void divisors_init(struct divisors *divisors, int n)
{
    int small = 0;
    for (long long i = 1; i * i <= n; i++)
        if (n % i == 0)
            divisors->number[small++] = (int)i;
    divisors->count = small;
    for (int i = small - 1; i >= 0; i--)
        if (n / divisors->number[i] != divisors->number[i])
            divisors->number[divisors->count++] = n / divisors->number[i];
}

/* Is base to the power of `exponent` at least n? */
static bool power_reaches(int base, int exponent, int n)
{
    long long product = 1;
    for (int i = 0; i < exponent && product < n && base > 1; i++)
        product *= base;
    return product >= n;
}

/* n as the product of `count` sides, none above `limit`, in non-increasing order; false: there is no way. Each side
 * that is chosen while n > 1 is at least 2, so that this never goes deeper than 31. */
static bool balance(const struct divisors *divisors, int n, int count, int limit, int sides[])
{
    if (n == 1) {
        for (int i = 0; i < count; i++)
            sides[i] = 1;
        return true;
    }
    if (count == 0)
        return false;
    for (int i = 0; i < divisors->count && divisors->number[i] <= limit; i++) {
        int side = divisors->number[i];
        if (n % side != 0 || !power_reaches(side, count, n))
            continue;
        if (balance(divisors, n / side, count - 1, side, sides + 1)) {
            sides[0] = side;
            return true;
        }
    }
    return false;
}

int mock_Dims_create(int nnodes, int ndims, int dims[])
{
    if (nnodes < 1)
        return mpimock_error(MPI_ERR_ARG, "nnodes is %d; it must be 1 or more", nnodes);
    if (ndims < 0)
        return mpimock_error(MPI_ERR_DIMS, "ndims is %d; it must be 0 or more", ndims);
    if (ndims == 0)
        return MPI_SUCCESS;
    if (dims == NULL)
        return mpimock_error(MPI_ERR_ARG, "dims is a null pointer");

    int rest = nnodes, open = 0;
    for (int i = 0; i < ndims; i++) {
        if (dims[i] < 0)
            return mpimock_error(MPI_ERR_DIMS, "dims[%d] is %d; it must be 0 (free) or more", i, dims[i]);
        if (dims[i] == 0) {
            open++;
            continue;
        }
        if (rest % dims[i] != 0)
            return mpimock_error(MPI_ERR_DIMS, "%d ranks are no multiple of the product of the dims that are given",
                                 nnodes);
        rest /= dims[i];
    }
    if (open == 0 && rest != 1)
        return mpimock_error(MPI_ERR_DIMS, "no dimension is free, and the product of dims is %d, not %d", nnodes / rest,
                             nnodes);
    if (open == 0)
        return MPI_SUCCESS;

    struct divisors divisors;
    int *sides = malloc((size_t)open * sizeof *sides);
    if (sides == NULL)
        return mpimock_error(MPI_ERR_NO_MEM, "no memory for %d dimensions", ndims);
    divisors_init(&divisors, rest);
    balance(&divisors, rest, open, rest, sides); /* there always is a way: rest by 1 by 1 … */
    for (int i = 0, j = 0; i < ndims; i++)
        if (dims[i] == 0)
            dims[i] = sides[j++];
    free(sides);
    return MPI_SUCCESS;
}
