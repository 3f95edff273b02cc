import numpy as np

def batchnorm_forward(x, gamma, beta, eps):

  n, d = x.shape

  #step1: what every feature is on average
  mean = 1./n * np.sum(x, axis = 0)

  #step2: how far each example is from it
  away = x - mean

  #step3: the branch below, which makes the denominator
  squared = away ** 2

  #step4: how far on average
  spread = 1./n * np.sum(squared, axis = 0)

  #step5: the root, away from zero
  root = np.sqrt(spread + eps)

  #step6: upside down
  inverse = 1./root

  #step7: both branches meet
  normal = away * inverse

  #step8: stretched
  stretched = gamma * normal

  #step9
  out = stretched + beta

  #for the way back
  kept = (normal,gamma,away,inverse,root,spread,eps)

  return out, kept
