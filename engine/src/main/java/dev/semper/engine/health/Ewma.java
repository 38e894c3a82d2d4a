package dev.semper.engine.health;

/// What a measure usually is: exponentially weighted mean and variance (West 1979, Finch 2009), and
/// how far a value is from it. Of a far value only so much is learned as of one at the edge, so
/// that a spike does not widen what is usual, and a lasting change is usual after a while.
final class Ewma {
  static final int LEAST_SAMPLES = 30;
  static final double FAR = 3;
  private static final double WEIGHT = 0.1;

  /// Deviations of less than that share of the mean are noise.
  private static final double NOISE = 0.01;

  private final double noise;
  private double mean;
  private double variance;
  private int samples;

  /// @param noise least deviation that is not noise
  Ewma(double noise) {
    this.noise = noise;
  }

  /// Learns a value.
  ///
  /// @return deviations it was from the mean; 0 while there are too few samples
  double take(double value) {
    double deviation = deviation();
    double z = samples < LEAST_SAMPLES ? 0 : (value - mean) / deviation;
    double learned =
        samples < LEAST_SAMPLES
            ? value
            : Math.clamp(value, mean - FAR * deviation, mean + FAR * deviation);
    samples++;
    double weight = Math.max(WEIGHT, 1.0 / samples);
    double difference = learned - mean;
    mean += weight * difference;
    variance = (1 - weight) * (variance + weight * difference * difference);
    return z;
  }

  double mean() {
    return mean;
  }

  private double deviation() {
    return Math.max(Math.sqrt(variance), Math.max(noise, NOISE * Math.abs(mean)));
  }
}
