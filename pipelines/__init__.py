"""From a cohort folder to arrays and tf.data."""
