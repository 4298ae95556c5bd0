import numpy as np

from facepatch.core.data.mesh import topology_from_padded
from facepatch.render.pieces import eye_pieces, shared_normals, teeth_pieces


def test_two_balls_high_in_front_are_eyes_and_teeth_inside_are_teeth(sphere):
    head, faces = sphere(16, 24, radius=10.0)
    pieces, polygons = [head], [faces]
    places = {"eye": [(4, 3, 8), (-4, 3, 8)], "tooth": [(1, -4, 5), (-1, -4, 5)]}
    start, rows = len(head), {}
    for name, radius in (("eye", 1.5), ("tooth", 0.5)):
        for centre in places[name]:
            points, more = sphere(8, 12, centre=centre, radius=radius)
            rows.setdefault(name, []).extend(range(start, start + len(points)))
            pieces.append(points)
            polygons.append(more + start)
            start += len(points)
    tongue, more = sphere(8, 12, centre=(0, -5, 3), radius=2.0)
    rows["tongue"] = list(range(start, start + len(tongue)))
    neutral = np.concatenate([*pieces, tongue])
    topology = topology_from_padded(len(neutral), np.concatenate([*polygons, more + start]))
    exposure = np.where(np.arange(len(neutral)) < rows["tooth"][0], 1.0, 0.0)
    teeth, soft = teeth_pieces(neutral, topology, exposure)
    assert np.flatnonzero(eye_pieces(neutral, topology)).tolist() == rows["eye"]
    assert np.flatnonzero(teeth).tolist() == rows["tooth"]
    assert np.flatnonzero(soft).tolist() == rows["tongue"]


def test_a_head_of_one_piece_has_neither(sphere):
    head, faces = sphere(16, 24, radius=10.0)
    topology = topology_from_padded(len(head), faces)
    assert not eye_pieces(head, topology).any()
    assert not any(kind.any() for kind in teeth_pieces(head, topology, np.ones(len(head))))


def test_a_seam_shares_its_normals_and_lips_that_part_do_not():
    neutral = np.array([[0, 0, 0], [0, 0, 0], [1, 0, 0], [1, 0, 0]], dtype=np.float32)
    deltas = np.zeros((1, 4, 3), dtype=np.float32)
    deltas[0, 3] = [0, -1, 0]  # the lower lip goes down
    every = np.arange(4, dtype=np.int32)
    assert shared_normals(neutral, deltas, every).tolist() == [0, 0, 2, 3]
    assert shared_normals(neutral, deltas, every[:0]).tolist() == [0, 1, 2, 3]
