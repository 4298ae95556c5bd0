"""Import a USD file into Blender and write what its meshes do: run by Blender's own Python.

    python evaluate_usd.py FILE OUT.npz FIRST_FRAME LAST_FRAME

OUT.npz has (T, V, 3) float64 per mesh under the mesh's name, in the file's own units and axes (Y up).
"""

import sys

import bpy
import numpy as np


def main() -> None:
    path, out, first, last = sys.argv[1:]
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.wm.usd_import(filepath=path, apply_unit_conversion_scale=False)
    # Blender clamps to 0..1 what it imports; it holds no more than -10..10.
    for keys in bpy.data.shape_keys:
        for block in keys.key_blocks:
            block.slider_min, block.slider_max = -10.0, 10.0
    found: dict[str, list[np.ndarray]] = {}
    for frame in range(int(first), int(last) + 1):
        bpy.context.scene.frame_set(frame)
        graph = bpy.context.evaluated_depsgraph_get()
        for one in (o for o in bpy.context.scene.objects if o.type == "MESH"):
            now = one.evaluated_get(graph)
            mesh = now.to_mesh()
            points = np.empty((len(mesh.vertices), 3), np.float32)
            mesh.vertices.foreach_get("co", points.reshape(-1))
            matrix = np.array(now.matrix_world, np.float64)
            now.to_mesh_clear()
            world = points @ matrix[:3, :3].T + matrix[:3, 3]
            # From Blender's Z up to Y up.
            found.setdefault(one.name, []).append(world[:, [0, 2, 1]] * (1.0, 1.0, -1.0))
    np.savez(out, **{name: np.stack(frames) for name, frames in found.items()})


if __name__ == "__main__":
    main()
