from .studentnet import StudentNet, TeacherNet
