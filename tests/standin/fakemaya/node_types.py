"""The node types of the stand-in, by Maya's own names. Importing this fills `schema.TYPES`."""

from __future__ import annotations

import math

from fakemaya.schema import TYPES, Attr, define, flag, number, output, triple

_LIMITED = (("Trans", "doubleLinear", -1.0), ("Rot", "doubleAngle", -math.pi / 4), ("Scale", "double", -1.0))
_LIMITS = [
    attribute
    for kind, of, value in _LIMITED
    for end, sign in (("min", 1.0), ("max", -1.0))
    for axis in "XYZ"
    for attribute in (
        Attr(f"{end}{kind}{axis}Limit", f"{end[1]}{kind[0].lower()}{axis.lower()}l", of, sign * value),
        Attr(f"{end}{kind}{axis}LimitEnable", f"{end[1]}{kind[0].lower()}{axis.lower()}e", "bool", False),
    )
]
"""Of a transform: they do not hold values that come from the API or through connections."""

ROTATE_ORDERS = ("xyz", "yzx", "zxy", "xzy", "yxz", "zyx")

define(
    "node",
    "",
    [
        Attr("message", "msg", "message", None, writable=False),
        Attr("caching", "cch", "bool", False, hidden=True),
        Attr("frozen", "fzn", "bool", False, hidden=True),
        Attr("isHistoricallyInteresting", "ihi", "byte", 2, hidden=True),
        Attr("nodeState", "nds", "enum", 0, fields=("Normal", "HasNoEffect", "Blocking"), keyable=False),
        Attr("binMembership", "bnm", "string", "", hidden=True),
    ],
    "kDependencyNode",
)
define(
    "dagNode",
    "node",
    [
        flag("visibility", "v", True, keyable=True),
        flag("intermediateObject", "io"),
        flag("template", "tmp"),
        flag("ghosting", "gh"),
        Attr(
            "instObjGroups",
            "iog",
            "TdataCompound",
            None,
            array=True,
            children=(
                Attr(
                    "objectGroups",
                    "og",
                    "TdataCompound",
                    None,
                    array=True,
                    children=(
                        Attr("objectGrpCompList", "gcl", "componentList", None),
                        Attr("objectGroupId", "gid", "long", 0),
                    ),
                ),
            ),
        ),
        Attr("useOutlinerColor", "uoc", "bool", False),
        triple("outlinerColor", "oclr", "float", suffixes="RGB"),
        flag("hiddenInOutliner", "hio"),
        flag("overrideEnabled", "ove"),
        Attr("overrideDisplayType", "ovdt", "enum", 0, fields=("Normal", "Template", "Reference")),
        Attr("overrideColor", "ovc", "byte", 0),
        flag("overrideRGBColors", "ovrgbf"),
        triple("overrideColorRGB", "ovrgb", "float", suffixes="RGB"),
        flag("overrideVisibility", "ovv", True),
        Attr(
            "center",
            "c",
            "double3",
            None,
            writable=False,
            children=tuple(
                Attr("boundingBoxCenter" + s, "bc" + s.lower(), "doubleLinear", 0.0, writable=False)
                for s in "XYZ"
            ),
        ),
        Attr("parentMatrix", "pm", "matrix", None, array=True, writable=False),
        Attr("parentInverseMatrix", "pim", "matrix", None, array=True, writable=False),
        Attr("worldMatrix", "wm", "matrix", None, array=True, writable=False),
        Attr("worldInverseMatrix", "wim", "matrix", None, array=True, writable=False),
        output("matrix", "m", "matrix"),
        output("inverseMatrix", "im", "matrix"),
        Attr(
            "boundingBoxMin",
            "bbmn",
            "double3",
            None,
            writable=False,
            children=tuple(
                Attr("boundingBoxMin" + s, "bbn" + s.lower(), "doubleLinear", 0.0, writable=False)
                for s in "XYZ"
            ),
        ),
        Attr(
            "boundingBoxMax",
            "bbmx",
            "double3",
            None,
            writable=False,
            children=tuple(
                Attr("boundingBoxMax" + s, "bbx" + s.lower(), "doubleLinear", 0.0, writable=False)
                for s in "XYZ"
            ),
        ),
    ],
    "kDagNode",
)
define(
    "transform",
    "dagNode",
    [
        triple("translate", "t", "doubleLinear", keyable=True),
        triple("rotate", "r", "doubleAngle", keyable=True),
        triple("scale", "s", "double", 1.0, keyable=True),
        Attr(
            "shear",
            "sh",
            "double3",
            None,
            children=tuple(Attr("shear" + s, "sh" + s.lower(), "double", 0.0) for s in ("XY", "XZ", "YZ")),
        ),
        Attr("rotateOrder", "ro", "enum", 0, fields=ROTATE_ORDERS),
        triple("rotatePivot", "rp", "doubleLinear"),
        triple("rotatePivotTranslate", "rpt", "doubleLinear"),
        triple("scalePivot", "sp", "doubleLinear"),
        triple("scalePivotTranslate", "spt", "doubleLinear"),
        triple("rotateAxis", "ra", "doubleAngle"),
        flag("inheritsTransform", "it", True),
        Attr("offsetParentMatrix", "opm", "matrix", None),
        Attr("xformMatrix", "xm", "matrix", None, writable=False),
        flag("displayHandle", "dh"),
        flag("displayLocalAxis", "dla"),
        *_LIMITS,
    ],
    "kTransform",
)
define(
    "joint",
    "transform",
    [
        triple("jointOrient", "jo", "doubleAngle"),
        flag("segmentScaleCompensate", "ssc", True),
        triple("inverseScale", "is", "double", 1.0),
        number("radius", "radi", 1.0, keyable=False),
        Attr("drawStyle", "ds", "enum", 0, fields=("Bone", "Multi-child as Box", "None", "Joint")),
    ],
    "kJoint",
)
_CONSTRAINT = [
    triple("constraintRotate", "cr", "doubleAngle"),
    triple("constraintTranslate", "ct", "doubleLinear"),
]
define("constraint", "transform", _CONSTRAINT, "kConstraint")
define("shape", "dagNode", [], "kShape")
define("geometryShape", "shape", [flag("visibleInReflections", "vir", True)], "kGeometric")
define("deformableShape", "geometryShape", [], "kGeometric")
define(
    "controlPoint",
    "deformableShape",
    [
        Attr(
            "controlPoints",
            "cp",
            "double3",
            None,
            array=True,
            children=tuple(Attr(a + "Value", a + "v", "doubleLinear", 0.0) for a in "xyz"),
        ),
    ],
    "kGeometric",
)
define(
    "surfaceShape",
    "controlPoint",
    [
        flag("castsShadows", "csh", True),
        flag("receiveShadows", "rcsh", True),
        flag("doubleSided", "ds", True),
        flag("primaryVisibility", "vis", True),
    ],
)
define(
    "mesh",
    "surfaceShape",
    [
        Attr("inMesh", "i", "mesh", None, hidden=True),
        Attr("outMesh", "o", "mesh", None, writable=False, hidden=True),
        Attr("worldMesh", "w", "mesh", None, array=True, writable=False, hidden=True),
        Attr("cachedInMesh", "cmsh", "mesh", None, hidden=True),
        Attr(
            "pnts",
            "pt",
            "float3",
            None,
            array=True,
            children=tuple(Attr("pnt" + a, "p" + a, "float", 0.0) for a in "xyz"),
        ),
        flag("displaySmoothMesh", "dsm"),
        flag("displayColors", "dcol"),
        Attr("smoothLevel", "lev", "short", 2),
        Attr("currentUVSet", "cuvs", "string", "map1"),
        Attr("displayEdges", "de", "enum", 0, fields=("Standard", "Soft", "Hard", "Only Hard")),
    ],
    "kMesh",
)
define(
    "nurbsCurve",
    "controlPoint",
    [Attr("create", "cr", "nurbsCurve", None), Attr("local", "l", "nurbsCurve", None, writable=False)],
    "kNurbsCurve",
)
define(
    "locator",
    "geometryShape",
    [
        triple("localPosition", "lp", "doubleLinear"),
        triple("localScale", "los", "double", 1.0),
        Attr(
            "worldPosition",
            "wp",
            "double3",
            None,
            array=True,
            writable=False,
            children=tuple(
                Attr("worldPosition" + a, "wp" + a.lower(), "doubleLinear", 0.0, writable=False)
                for a in "XYZ"
            ),
        ),
    ],
    "kLocator",
)
define(
    "annotationShape",
    "locator",
    [Attr("text", "txt", "string", ""), flag("displayArrow", "daro", True)],
    "kAnnotation",
)
define(
    "camera",
    "shape",
    [
        flag("renderable", "rnd"),
        number("focalLength", "fl", 35.0, keyable=True),
        number("horizontalFilmAperture", "hfa", 1.41732),
        number("verticalFilmAperture", "vfa", 0.94488),
        number("nearClipPlane", "ncp", 0.1, "doubleLinear"),
        number("farClipPlane", "fcp", 10000.0, "doubleLinear"),
        flag("orthographic", "o"),
        number("orthographicWidth", "ow", 30.0, "doubleLinear"),
        Attr("filmFit", "ff", "enum", 1, fields=("Fill", "Horizontal", "Vertical", "Overscan")),
        number("centerOfInterest", "coi", 5.0, "doubleLinear"),
        number("overscan", "ovr", 1.0),
        flag("displayResolution", "dr"),
        flag("displayFilmGate", "dfg"),
        flag("displayGateMask", "dgm"),
        triple("backgroundColor", "col", "float", suffixes="RGB"),
        flag("depthOfField", "dof"),
        flag("panZoomEnabled", "pze"),
        number("cameraScale", "cs", 1.0),
    ],
    "kCamera",
)
define(
    "light",
    "shape",
    [
        triple("color", "cl", "float", 1.0, suffixes="RGB"),
        number("intensity", "in", 1.0, "float", keyable=True),
        flag("useDepthMapShadows", "dms"),
        flag("emitDiffuse", "ed", True),
        flag("emitSpecular", "esp", True),
    ],
    "kLight",
)
define("directionalLight", "light", [], "kDirectionalLight", "light:drawdb/light/directionalLight")
define("ambientLight", "light", [number("ambientShade", "as", 0.45, "float")], "kAmbientLight", "light")
define("pointLight", "light", [], "kPointLight", "light")
define("time", "node", [Attr("outTime", "o", "time", 0), Attr("enableTimewarp", "e", "bool", False)], "kTime")
define(
    "network",
    "node",
    [
        Attr("affects", "aff", "message", None, array=True),
        Attr("affectedBy", "ab", "message", None, array=True, writable=False),
    ],
    "kAffect",
)
for _kind, _type in (("TL", "doubleLinear"), ("TA", "doubleAngle"), ("TU", "double"), ("TT", "time")):
    if "animCurve" not in TYPES:
        define(
            "animCurve",
            "node",
            [
                Attr("tangentType", "tan", "enum", 0),
                Attr("weightedTangents", "wgt", "bool", False),
                Attr(
                    "preInfinity",
                    "pre",
                    "enum",
                    0,
                    fields=("Constant", "Linear", "Cycle", "Cycle Relative", "Oscillate"),
                ),
                Attr(
                    "postInfinity",
                    "pst",
                    "enum",
                    0,
                    fields=("Constant", "Linear", "Cycle", "Cycle Relative", "Oscillate"),
                ),
            ],
            "kAnimCurve",
        )
    define(
        f"animCurve{_kind}",
        "animCurve",
        [Attr("input", "i", "time", 0), output("output", "o", _type)],
        f"kAnimCurveTimeTo{ {'TL': 'Distance', 'TA': 'Angular', 'TU': 'Unitless', 'TT': 'Time'}[_kind] }",
    )
for _kind in "LAU":
    define(
        f"animCurveU{_kind}",
        "animCurve",
        [
            Attr("input", "i", "double", 0.0),
            output("output", "o", {"L": "doubleLinear", "A": "doubleAngle", "U": "double"}[_kind]),
        ],
        f"kAnimCurveUnitlessTo{ {'L': 'Distance', 'A': 'Angular', 'U': 'Unitless'}[_kind] }",
    )
_BLEND_KINDS = {
    "animBlendNodeAdditive": "double",
    "animBlendNodeAdditiveDL": "doubleLinear",
    "animBlendNodeAdditiveDA": "doubleAngle",
    "animBlendNodeAdditiveF": "float",
    "animBlendNodeAdditiveI32": "long",
    "animBlendNodeAdditiveI16": "short",
    "animBlendNodeBoolean": "bool",
    "animBlendNodeEnum": "enum",
}
define("animBlendNodeBase", "node", [], "kAnimBlendInOut")
for _name, _type in _BLEND_KINDS.items():
    define(
        _name,
        "animBlendNodeBase",
        [
            Attr("inputA", "ia", _type, 0),
            Attr("inputB", "ib", _type, 0),
            output("output", "o", _type),
            number("weightA", "wa", 1.0),
            number("weightB", "wb", 1.0),
            flag("destA", "da"),
            flag("override", "ovr"),
        ],
        "kBlendNodeBase",
    )
define(
    "animBlendNodeAdditiveRotation",
    "animBlendNodeBase",
    [
        triple("inputA", "ia", "doubleAngle"),
        triple("inputB", "ib", "doubleAngle"),
        Attr(
            "output",
            "o",
            "double3",
            None,
            writable=False,
            children=tuple(
                Attr("output" + s, "o" + s.lower(), "doubleAngle", 0.0, writable=False) for s in "XYZ"
            ),
        ),
        number("weightA", "wa", 1.0),
        number("weightB", "wb", 1.0),
        Attr("rotateOrder", "ro", "enum", 0),
        flag("override", "ovr"),
        Attr("accumulationMode", "acm", "enum", 0),
    ],
    "kBlendNodeAdditiveRotation",
)
define(
    "geometryFilter",
    "node",
    [
        Attr(
            "input",
            "ip",
            "TdataCompound",
            None,
            array=True,
            children=(
                Attr("inputGeometry", "ig", "mesh", None),
                Attr("groupId", "gi", "long", 0),
                Attr("componentTagExpression", "gtg", "string", "*"),
            ),
        ),
        Attr("outputGeometry", "og", "mesh", None, array=True, writable=False),
        Attr("originalGeometry", "orggeom", "mesh", None, array=True),
        number("envelope", "en", 1.0, "float", keyable=True, minimum=-2.0, maximum=2.0),
    ],
    "kGeometryFilt",
)
define(
    "blendShape",
    "geometryFilter",
    [
        Attr("topologyCheck", "tc", "bool", True),
        Attr("origin", "or", "enum", 1, fields=("world", "local", "user")),
        Attr("weight", "w", "float", 0.0, array=True, keyable=True, soft_minimum=0.0, soft_maximum=1.0),
        Attr(
            "inputTarget",
            "it",
            "TdataCompound",
            None,
            array=True,
            children=(
                Attr("baseWeights", "bw", "float", 1.0, array=True),
                Attr(
                    "inputTargetGroup",
                    "itg",
                    "TdataCompound",
                    None,
                    array=True,
                    children=(
                        Attr(
                            "inputTargetItem",
                            "iti",
                            "TdataCompound",
                            None,
                            array=True,
                            children=(
                                Attr("inputGeomTarget", "igt", "mesh", None),
                                Attr("inputPointsTarget", "ipt", "pointArray", None),
                                Attr("inputComponentsTarget", "ict", "componentList", None),
                                Attr("inputRelativePointsTarget", "irpt", "pointArray", None),
                                Attr("inputRelativeComponentsTarget", "irct", "componentList", None),
                            ),
                        ),
                        Attr("targetWeights", "tw", "float", 1.0, array=True),
                        Attr("normalizationId", "nid", "long", 0),
                        Attr("postDeformersMode", "pdm", "enum", 0, fields=("None", "Tangent", "Transform")),
                        Attr("targetMatrix", "tmx", "matrix", None),
                    ),
                ),
                Attr("paintTargetWeights", "ptw", "double", 1.0, array=True),
                Attr("paintTargetIndex", "pti", "long", 0),
            ),
        ),
        Attr("supportNegativeWeights", "sn", "bool", False),
        Attr("deformationOrder", "do", "enum", 0),
        Attr(
            "inbetweenInfoGroup",
            "ibig",
            "TdataCompound",
            None,
            array=True,
            children=(
                Attr(
                    "inbetweenInfo",
                    "ibi",
                    "TdataCompound",
                    None,
                    array=True,
                    children=(
                        Attr("interpolation", "itp", "short", 0),
                        Attr("inbetweenTargetName", "ibtn", "string", ""),
                    ),
                ),
            ),
        ),
        Attr("midLayerId", "mlid", "long", 0),
        Attr("midLayerParent", "mlpr", "long", 0),
        Attr("nextNode", "nn", "long", 0, array=True),
        Attr("nextTarget", "nt", "long", 0, array=True),
        Attr("parentDirectory", "pndr", "long", 0, array=True),
        Attr("targetVisibility", "tvis", "bool", True, array=True),
        Attr("targetParentVisibility", "tpvs", "bool", True, array=True),
        Attr(
            "targetDirectory",
            "tgdt",
            "TdataCompound",
            None,
            array=True,
            children=(
                Attr("directoryName", "dtn", "string", ""),
                Attr("directoryParentVisibility", "dpvs", "bool", True),
                Attr("childIndices", "cid", "Int32Array", None),
            ),
        ),
        Attr("symmetryEdge", "sye", "long", 0, array=True),
    ],
    "kBlendShape",
    "deformer",
)
define("tweak", "geometryFilter", [], "kTweak")
define(
    "skinCluster",
    "geometryFilter",
    [
        Attr("matrix", "ma", "matrix", None, array=True),
        Attr("bindPreMatrix", "pm", "matrix", None, array=True),
        Attr(
            "weightList",
            "wl",
            "TdataCompound",
            None,
            array=True,
            children=(Attr("weights", "w", "double", 0.0, array=True),),
        ),
        Attr("geomMatrix", "gm", "matrix", None),
        Attr("skinningMethod", "skm", "enum", 0),
        Attr("maxInfluences", "mi", "long", 4),
    ],
    "kSkinClusterFilter",
    "deformer",
)
define(
    "shapeEditorManager",
    "node",
    [
        Attr("blendShapeParent", "bspr", "long", 0, array=True),
        Attr("outBlendShapeVisibility", "obsv", "bool", True, array=True),
        Attr("blendShapeDirectory", "bsdt", "long", 0, array=True),
    ],
    "kShapeEditorManager",
)
define("polyModifier", "node", [], "kPolyCreator")
for _name, _sizes in (
    ("polyCube", ("width", "height", "depth")),
    ("polySphere", ("radius",)),
    ("polyPlane", ("width", "height")),
):
    define(
        _name,
        "polyModifier",
        [
            Attr("output", "out", "mesh", None, writable=False),
            *(number(s, s[0], 1.0, "doubleLinear") for s in _sizes),
        ],
        "kPolyCreator",
    )
define(
    "deleteComponent",
    "polyModifier",
    [
        Attr("inputGeometry", "ig", "mesh", None),
        Attr("outputGeometry", "og", "mesh", None, writable=False),
        Attr("deleteComponents", "dc", "Int32Array", None),
    ],
)
define(
    "standinGeometry",
    "node",
    [Attr("time", "tim", "time", 0), Attr("output", "out", "mesh", None, writable=False)],
)
define(
    "entitySet",
    "node",
    [
        Attr("dagSetMembers", "dsm", "message", None, array=True),
        Attr("dnSetMembers", "dnsm", "message", None, array=True),
        Attr("memberWireframeColor", "mwc", "short", -1),
        Attr("partition", "pa", "message", None),
        Attr("annotation", "an", "string", ""),
        Attr("verticesOnlySet", "vo", "bool", False),
    ],
    "kSet",
)
define("objectSet", "entitySet", [], "kSet")
define(
    "shadingEngine",
    "objectSet",
    [
        Attr(
            "surfaceShader",
            "ss",
            "float3",
            None,
            children=tuple(Attr("surfaceShader" + s, "ss" + s.lower(), "float", 0.0) for s in "RGB"),
        ),
        Attr("displacementShader", "ds", "double", 0.0),
        Attr("volumeShader", "vs", "message", None),
        Attr("defaultLights", "dli", "message", None, array=True),
    ],
    "kShadingEngine",
)
define(
    "animLayer",
    "objectSet",
    [
        flag("mute", "mt"),
        flag("solo", "sl"),
        flag("lock", "l"),
        flag("override", "ovr"),
        flag("passthrough", "pth", True),
        number("weight", "wt", 1.0, keyable=True, minimum=0.0, maximum=1.0),
        number("foregroundWeight", "fwt", 1.0),
        number("backgroundWeight", "bwt", 1.0),
        Attr("childrenLayers", "cls", "message", None, array=True),
        Attr("parentLayer", "pl", "message", None),
        Attr("siblingMute", "smt", "bool", False),
        Attr("parentMute", "pmt", "bool", False),
        Attr("selected", "slc", "bool", False),
        Attr("preferred", "prf", "bool", False),
        Attr("rotationAccumulationMode", "ram", "enum", 0, fields=("Component", "Layer")),
        Attr("scaleAccumulationMode", "sam", "enum", 1),
        Attr("blendNodes", "bnds", "message", None, array=True),
    ],
    "kAnimLayer",
)
define("partition", "node", [Attr("sets", "st", "message", None, array=True)], "kPartition")
_SHADER = [
    triple("color", "c", "float", 0.5, suffixes="RGB"),
    triple("transparency", "it", "float", suffixes="RGB"),
    triple("ambientColor", "ambc", "float", suffixes="RGB"),
    triple("incandescence", "ic", "float", suffixes="RGB"),
    number("diffuse", "dc", 0.8, "float"),
    Attr(
        "outColor",
        "oc",
        "float3",
        None,
        writable=False,
        children=tuple(Attr("outColor" + s, "oc" + s.lower(), "float", 0.0, writable=False) for s in "RGB"),
    ),
]
define("lambert", "node", _SHADER, "kLambert", "drawdb/shader/surface/lambert:shader/surface")
define(
    "reflect",
    "lambert",
    [
        triple("specularColor", "sc", "float", 0.5, suffixes="RGB"),
        number("reflectivity", "rfl", 0.5, "float"),
    ],
    "kReflect",
)
define(
    "phong",
    "reflect",
    [number("cosinePower", "cp", 20.0, "float")],
    "kPhong",
    "drawdb/shader/surface/phong:shader/surface",
)
define(
    "blinn",
    "reflect",
    [number("eccentricity", "ec", 0.3, "float")],
    "kBlinn",
    "drawdb/shader/surface/blinn:shader/surface",
)
define(
    "surfaceShader",
    "node",
    [triple("outColor", "oc", "float", suffixes="RGB")],
    "kSurfaceShader",
    "shader/surface",
)
define(
    "multiplyDivide",
    "node",
    [
        triple("input1", "i1", "float"),
        triple("input2", "i2", "float", 1.0),
        Attr(
            "output",
            "o",
            "float3",
            None,
            writable=False,
            children=tuple(Attr("output" + s, "o" + s.lower(), "float", 0.0, writable=False) for s in "XYZ"),
        ),
        Attr("operation", "op", "enum", 1, fields=("No operation", "Multiply", "Divide", "Power")),
    ],
    "kMultiplyDivide",
    "utility/general",
)
define(
    "unitConversion",
    "node",
    [number("input", "i"), output("output", "o", "double"), number("conversionFactor", "cf", 1.0)],
    "kUnitConversion",
)
define(
    "expression",
    "node",
    [
        Attr("expression", "ixp", "string", ""),
        Attr("input", "in", "double", 0.0, array=True),
        Attr("output", "out", "double", 0.0, array=True, writable=False),
        Attr("time", "tim", "time", 0),
    ],
    "kExpression",
)
define(
    "renderGlobals",
    "node",
    [
        Attr("imageFormat", "outf", "long", 7),
        Attr("imageFilePrefix", "ifp", "string", ""),
        Attr("animation", "an", "bool", False),
        Attr("startFrame", "fs", "time", 0),
    ],
    "kRenderGlobals",
)
define("hardwareRenderGlobals", "node", [], "kHardwareRenderGlobals")
define(
    "hwRenderGlobals",
    "node",
    [
        number("defaultLightIntensity", "dli", 1.0, "float"),
        flag("multiSampleEnable", "mse"),
        flag("ssaoEnable", "aoen"),
        flag("lineAAEnable", "laa"),
        Attr("multiSampleCount", "msc", "long", 8),
        Attr("renderMode", "rm", "enum", 4),
        Attr("lightingMode", "lm", "enum", 0),
        flag("motionBlurEnable", "mbe"),
        flag("gammaCorrectionEnable", "gce"),
        flag("colorBakeResolution", "cbr"),
    ],
)
define(
    "colorManagementGlobals",
    "node",
    [
        flag("cmEnabled", "cme", True),
        Attr("workingSpaceName", "wsn", "string", "ACEScg"),
        flag("outputTransformEnabled", "ote"),
        Attr("outputTransformName", "otn", "string", ""),
    ],
)
define(
    "resolution",
    "node",
    [
        Attr("width", "w", "long", 960),
        Attr("height", "h", "long", 540),
        number("deviceAspectRatio", "dar", 1.777, "float"),
        number("pixelAspect", "pa", 1.0, "float"),
    ],
    "kResolution",
)
define("sequenceManager", "node", [Attr("writableSequencer", "ws", "message", None)], "kSequenceManager")
define("sequencer", "node", [], "kSequencer")
define(
    "displayLayer",
    "node",
    [Attr("drawInfo", "di", "message", None), flag("visibility", "v", True)],
    "kDisplayLayer",
)
define("displayLayerManager", "node", [], "kDisplayLayerManager")
define("renderLayer", "node", [], "kRenderLayer")
define("script", "node", [Attr("before", "b", "string", ""), Attr("scriptType", "st", "enum", 0)], "kScript")
define("reference", "node", [Attr("fileNames", "fn", "string", "", array=True)], "kReference")
define("groupId", "node", [Attr("groupId", "id", "long", 0)], "kGroupId")
define("dagPose", "node", [], "kDagPose")
