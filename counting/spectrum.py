"""Spectral analysis: Morlet wavelets (Torrence and Compo, BAMS 1998) and power phase-locked to the jumps."""

from __future__ import annotations

import numpy as np
from scipy.fft import fft, ifft, next_fast_len

from counting.smoothing import Array

RATE = 60.0
"""Samples per second of the uniform grid."""

RATES = 0.5 * 2 ** (np.arange(43) / 10)
"""Rates in Hz of the wavelet bank: 0.5 to 9.2, ten per octave."""

CYCLES = 1.1
"""Standard deviation of a wavelet's window in periods."""

EVERY = 4
"""Decimation of the wavelet transform: every fourth sample of the grid (15 Hz)."""


def wavelets(values: Array, rates: Array = RATES, every: int = EVERY, chunk: int = 7200) -> np.ndarray:
    """Complex amplitudes (R, ceil(G / every)) of a signal (G,): a sine of amplitude A gives A at its rate.

    A wavelet has no frequency above twice its rate, so only the lower ``1 / every`` of the spectrum is inverted.
    """
    pad = int(4 * CYCLES / rates.min() * RATE) // every * every
    line = np.pad(np.nan_to_num(values), pad)
    parts: list[np.ndarray] = []
    for start in range(0, len(values), chunk):
        piece = line[start : start + chunk + 2 * pad]
        low = int(next_fast_len(-(-len(piece) // every)) or 1)
        spectrum = np.asarray(fft(piece.astype(np.complex64), low * every))[:low] / every
        hertz = np.arange(low) * (RATE / (low * every))
        width = rates[:, None] / (2 * np.pi * CYCLES)
        bank = 2 * np.exp(-0.5 * ((hertz - rates[:, None]) / width) ** 2) * (hertz > 0)
        wave = np.asarray(ifft(spectrum * bank.astype(np.float32), axis=1))
        parts.append(wave[:, pad // every : -(-(len(piece) - pad) // every)])
    return np.concatenate(parts, axis=1) if parts else np.zeros((len(rates), 0), np.complex64)


def amplitude(values: Array, rate: float) -> float:
    """Median amplitude of a signal at a rate in Hz; NaN with fewer than four known samples."""
    known = np.isfinite(values)
    if known.sum() < 4:
        return float("nan")
    wave = wavelets(np.where(known, values - values[known].mean(), 0), np.array([rate]), every=1)[0]
    return float(np.median(np.abs(wave)))


def concentration(signals: Array, rates: Array) -> float:
    """Share of the power of signals (C, G) at one rate, the first of ``rates`` in Hz."""
    waves: list[np.ndarray] = [wavelets(signal, rates, every=1)[0] for signal in signals]
    total = float(np.sum([np.nanvar(signal) for signal in signals]))
    return float(np.sum([np.mean(np.abs(wave) ** 2) / 2 for wave in waves])) / max(total, 1e-12)


def locked_power(jumps: Array, times: Array, signals: Array, rates: Array) -> Array:
    """Power (R,) of signals (C, T) at ``rates`` (R,) per jump, with the phase of the jumps at ``jumps`` (J,) seconds.

    The more jumps, the weaker a periodic signal may be and still be detected.
    """
    when = (times >= jumps[0]) & (times <= jumps[-1])
    if when.sum() < 2:
        return np.zeros(len(rates))
    phase = np.interp(times[when], jumps, np.arange(len(jumps)))
    lines = signals[:, when] - signals[:, when].mean(axis=1, keepdims=True)
    waves = np.exp(-2j * np.pi * np.multiply.outer(rates, phase)) * np.hanning(len(phase))
    return (np.abs(waves @ lines.T) ** 2).sum(axis=1)
