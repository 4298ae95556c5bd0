+ facepatch 0.1.0 maya_module
PYTHONPATH+:=../backend
MAYA_SHELF_PATH+:=shelves
