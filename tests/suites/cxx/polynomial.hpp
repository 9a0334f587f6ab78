// SPDX-License-Identifier: BSD-2-Clause
// polynomial.hpp: polynomials whose coefficients are spread over the ranks of MPI_COMM_WORLD, block by block.
#pragma once

#include <algorithm>
#include <span>
#include <stdexcept>
#include <vector>

#include <mpi.h>

class Polynomial
{
  public:
    // `coefficients`, lowest power first, the same on every rank; each rank keeps its block.
    explicit Polynomial(std::span<const double> coefficients)
    {
        int size = 1, rank = 0;
        MPI_Comm_size(MPI_COMM_WORLD, &size);
        MPI_Comm_rank(MPI_COMM_WORLD, &rank);
        if (coefficients.empty())
            throw std::invalid_argument("a polynomial has at least one coefficient");
        const auto length = coefficients.size(), ranks = static_cast<std::size_t>(size);
        const auto begin = length * static_cast<std::size_t>(rank) / ranks;
        const auto end = length * (static_cast<std::size_t>(rank) + 1) / ranks;
        first_ = begin;
        own_.assign(coefficients.begin() + static_cast<std::ptrdiff_t>(begin),
                    coefficients.begin() + static_cast<std::ptrdiff_t>(end));
    }

    // Collective: the value at x, on every rank.
    [[nodiscard]] double operator()(double x) const
    {
        double value = 0.0, power = 1.0;
        for (std::size_t i = 0; i < first_; i++)
            power *= x;
        for (const double coefficient : own_) {
            value += coefficient * power;
            power *= x;
        }
        MPI_Allreduce(MPI_IN_PLACE, &value, 1, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
        return value;
    }

    // Collective: all coefficients, on every rank.
    [[nodiscard]] std::vector<double> gather() const
    {
        int size = 1;
        MPI_Comm_size(MPI_COMM_WORLD, &size);
        std::vector<int> counts(static_cast<std::size_t>(size)), starts(counts.size());
        const int mine = static_cast<int>(own_.size());
        MPI_Allgather(&mine, 1, MPI_INT, counts.data(), 1, MPI_INT, MPI_COMM_WORLD);
        int total = 0;
        std::transform(counts.begin(), counts.end(), starts.begin(),
                       [&total](int count) { return (total += count) - count; });
        std::vector<double> all(static_cast<std::size_t>(total));
        MPI_Allgatherv(own_.data(), mine, MPI_DOUBLE, all.data(), counts.data(), starts.data(), MPI_DOUBLE,
                       MPI_COMM_WORLD);
        return all;
    }

  private:
    std::size_t first_ = 0; // power of own_[0]
    std::vector<double> own_;
};
