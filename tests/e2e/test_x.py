def test_x(tiny_run):
    import subprocess
    print(subprocess.run(["find",str(tiny_run.out)],capture_output=True,text=True).stdout)
    print((tiny_run.out/"timings.json").read_text())
    print(tiny_run.clip.weights.shape)
