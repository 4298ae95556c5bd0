"""From PCA weights back to the controls of a rig: bounded, sparse and smooth least squares over a whole take.

After Racković et al. 2024 (trajectory coordinate descent with corrective shapes); docs/methods/rig_solve.md.
"""
